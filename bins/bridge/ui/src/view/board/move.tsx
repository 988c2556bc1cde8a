import { useState, type FormEvent } from "react";
import type { Task, TaskStatus } from "../../model/entity";
import { command } from "../../store/store";
import { Dialog } from "../part/Dialog";

export interface Move {
  verb: string;
  to: TaskStatus;
}

const VERB: Record<string, string> = {
  start: "Start", complete: "Complete", approve: "Approve", submit: "Submit", block: "Block", unblock: "Unblock", release: "Release",
  reopen: "Reopen", cancel: "Cancel",
};

export const verbLabel = (verb: string): string => VERB[verb] ?? verb;

export const move = (task: Task, { verb }: Move, words: Record<string, string> = {}) =>
  command({ entity: "task", verb, data: { task: task.id, ...words }, label: `${verbLabel(verb)} ${task.id}`, force: true });

/** For the one verb that cannot do without words. */
export function MoveDialog({ task, move: asked, onClose }: { task: Task; move: Move; onClose(): void }) {
  const [reason, setReason] = useState("");
  async function submit(event: FormEvent) {
    event.preventDefault();
    const words = reason.trim().replace(/\s+/g, " ");
    if (!words) return;
    const outcome = await move(task, asked, { reason: words });
    if (outcome.state !== "refused") onClose();
  }
  return (
    <Dialog title={`Block ${task.id}`} onClose={onClose}>
      <form className="form" onSubmit={(event) => void submit(event)}>
        <label>What is in the way?<input className="field" data-focus maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} /></label>
        <div className="form-end"><button type="button" className="button" onClick={onClose}>Leave it</button><button type="submit" className="button primary" disabled={!reason.trim()}>Block</button></div>
      </form>
    </Dialog>
  );
}
