import { useState, type FormEvent } from "react";
import type { Task, TaskStatus } from "../model/entity";
import { command } from "../store/store";

interface Action {
  verb: string;
  label: string;
  /** The field that a text goes into. */
  field: "message" | "summary" | "reason";
  prompt: string;
  required?: boolean;
  tone?: "primary" | "danger";
}

const COMMENT: Action = { verb: "comment", label: "Comment", field: "message", prompt: "Say something about this task", required: true };
const CANCEL: Action = { verb: "cancel", label: "Cancel task", field: "reason", prompt: "Why is it not wanted any more? (optional)", tone: "danger" };
const REOPEN: Action = { verb: "reopen", label: "Reopen", field: "reason", prompt: "What is still to do? (optional)", tone: "primary" };

/** What is offered; whether it is allowed is the server's to say. */
const ACTIONS: Record<TaskStatus, readonly Action[]> = {
  pending: [COMMENT, CANCEL],
  in_progress: [COMMENT, CANCEL],
  in_review: [
    { verb: "approve", label: "Approve", field: "summary", prompt: "A word on the result (optional)", tone: "primary" }, COMMENT, CANCEL,
  ],
  blocked: [
    { verb: "unblock", label: "Answer and unblock", field: "message", prompt: "Your answer goes to whoever works on it", tone: "primary" }, COMMENT, CANCEL,
  ],
  completed: [COMMENT, REOPEN],
  cancelled: [COMMENT, REOPEN],
};

export function TaskActions({ task }: { task: Task }) {
  const actions = ACTIONS[task.status];
  const [open, setOpen] = useState<string | null>(task.status === "blocked" ? "unblock" : null);
  const action = actions.find((each) => each.verb === open);
  return (
    <div className="actions">
      <div className="action-buttons">
        {actions.map((each) => (
          <button
            key={each.verb} type="button" aria-expanded={open === each.verb}
            className={`button ${each.tone ?? ""}`} onClick={() => setOpen(open === each.verb ? null : each.verb)}
          >{each.label}</button>
        ))}
      </div>
      {action && <ActionForm key={action.verb} task={task.id} action={action} onDone={() => setOpen(null)} />}
    </div>
  );
}

function ActionForm({ task, action, onDone }: { task: string; action: Action; onDone(): void }) {
  const [text, setText] = useState("");
  const [pending, setPending] = useState(false);
  async function submit(event: FormEvent) {
    event.preventDefault();
    if (pending || (action.required && !text.trim())) return;
    setPending(true);
    // A reason is one line on the wire.
    const said = action.field === "reason" ? text.trim().replace(/\s+/g, " ") : text.trim();
    const words = said ? { [action.field]: said } : {};
    const reply = await command("task", action.verb, { task, ...words });
    setPending(false);
    if (reply.success) onDone();
  }
  return (
    <form className="action-form" onSubmit={(event) => void submit(event)}>
      <textarea
        autoFocus rows={3} aria-label={action.prompt} placeholder={action.prompt} value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => { if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) void submit(event); }}
      />
      <div className="action-end">
        <span className="hint">Ctrl + Enter sends</span>
        <button type="submit" className={`button ${action.tone ?? "primary"}`} disabled={pending || (action.required === true && !text.trim())}>
          {pending ? "Sending…" : action.label}
        </button>
      </div>
    </form>
  );
}
