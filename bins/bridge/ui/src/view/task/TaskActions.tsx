import { useState, type FormEvent } from "react";
import type { Task, TaskStatus } from "../../model/entity";
import { command } from "../../store/store";
import { useStore } from "../../store/state";
import { verbLabel } from "../board/move";

interface Wording {
  label?: string;
  /** The field that a text goes into. */
  field: "message" | "summary" | "reason" | null;
  prompt: string;
  required?: boolean;
  tone?: "primary" | "danger";
}

/** How a verb is asked for. Which verbs there are from a status is the server's to say. */
const WORDING: Record<string, Wording> = {
  start: { label: "Start", field: null, prompt: "" },
  complete: { field: "summary", prompt: "What was done, and how was it checked? (optional)" },
  approve: { field: "summary", prompt: "A word on the result (optional)", tone: "primary" },
  submit: { label: "Submit for review", field: "summary", prompt: "What is there to look at? (optional)" },
  block: { field: "reason", prompt: "What is in the way?", required: true },
  unblock: { label: "Answer and unblock", field: "message", prompt: "Your answer goes to whoever works on it", tone: "primary" },
  release: { field: "reason", prompt: "Why is it given back? (optional)" },
  reopen: { field: "reason", prompt: "What is still to do? (optional)", tone: "primary" },
  cancel: { label: "Cancel task", field: "reason", prompt: "Why is it not wanted any more? (optional)", tone: "danger" },
  comment: { label: "Comment", field: "message", prompt: "Say something about this task", required: true },
};

/** An approval or a refusal comes before everything else in review; sending back has its own word. */
const labelOf = (verb: string, status: TaskStatus): string =>
  verb === "start" && status === "in_review" ? "Send back" : verb === "start" && status === "completed" ? "Reopen and take" : WORDING[verb]?.label ?? verbLabel(verb);

export function TaskActions({ task }: { task: Task }) {
  const moves = useStore((state) => state.moves);
  const verbs = ["comment", ...(moves[task.status] ?? []).map((each) => each.verb)].filter((verb) => WORDING[verb]);
  const sorted = verbs.sort((a, b) => rank(a) - rank(b));
  const [open, setOpen] = useState<string | null>(task.status === "blocked" ? "unblock" : null);
  const shown = open && verbs.includes(open) ? open : null;
  const wording = shown ? WORDING[shown] : undefined;
  return (
    <div className="actions">
      <div className="action-buttons">
        {sorted.map((verb) => (
          <button
            key={verb} type="button" aria-expanded={WORDING[verb]?.field ? shown === verb : undefined} className={`button ${WORDING[verb]?.tone ?? ""}`}
            onClick={() => {
              if (WORDING[verb]?.field) setOpen(shown === verb ? null : verb);
              else void command({ entity: "task", verb, data: { task: task.id }, label: `${labelOf(verb, task.status)} ${task.id}`, force: true });
            }}
          >{labelOf(verb, task.status)}</button>
        ))}
      </div>
      {shown && wording && <ActionForm key={shown} task={task.id} verb={shown} label={labelOf(shown, task.status)} wording={wording} onDone={() => setOpen(null)} />}
    </div>
  );
}

const rank = (verb: string): number => (WORDING[verb]?.tone === "primary" ? 0 : verb === "comment" ? 1 : WORDING[verb]?.tone === "danger" ? 9 : 5);

function ActionForm({ task, verb, label, wording, onDone }: { task: string; verb: string; label: string; wording: Wording; onDone(): void }) {
  const [text, setText] = useState("");
  const [pending, setPending] = useState(false);
  async function submit(event: FormEvent) {
    event.preventDefault();
    if (pending || (wording.required && !text.trim())) return;
    setPending(true);
    // A reason is one line on the wire.
    const said = wording.field === "reason" ? text.trim().replace(/\s+/g, " ") : text.trim();
    const words = said && wording.field ? { [wording.field]: said } : {};
    const outcome = await command({ entity: "task", verb, data: { task, ...words }, label: `${label} ${task}`, force: true });
    setPending(false);
    if (outcome.state !== "refused") onDone();
  }
  return (
    <form className="action-form" onSubmit={(event) => void submit(event)}>
      <textarea
        autoFocus rows={3} maxLength={wording.field === "reason" ? 500 : 8000} aria-label={wording.prompt} placeholder={wording.prompt} value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => { if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) void submit(event); }}
      />
      <div className="action-end">
        <span className="hint">Ctrl + Enter sends</span>
        <button type="submit" className={`button ${wording.tone ?? "primary"}`} disabled={pending || (wording.required === true && !text.trim())}>{pending ? "Sending…" : label}</button>
      </div>
    </form>
  );
}
