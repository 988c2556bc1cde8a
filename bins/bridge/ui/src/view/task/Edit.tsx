import { useState, type FormEvent } from "react";
import { PRIORITIES, type Priority, type Task, type TaskDetail } from "../../model/entity";
import { command } from "../../store/store";
import { lines, words } from "./fields";

/** Everything of a task that is text, at once; what did not change is not sent. */
export function Edit({ task, detail, onDone }: { task: Task; detail: TaskDetail; onDone(): void }) {
  // As it was when the editing began: what others change meanwhile is theirs, and is not sent back.
  const [before] = useState(() => ({
    title: task.title, description: detail.description ?? "", acceptance: (detail.acceptance ?? []).join("\n"),
    technicalNotes: detail.technicalNotes ?? "", priority: task.priority, labels: (task.labels ?? []).join(" "),
  }));
  const [form, setForm] = useState(before);
  const [pending, setPending] = useState(false);
  const put = (change: Partial<typeof before>) => setForm({ ...form, ...change });
  async function submit(event: FormEvent) {
    event.preventDefault();
    const data: Record<string, unknown> = { task: task.id };
    if (form.title !== before.title) data["title"] = form.title.trim();
    if (form.description !== before.description) data["description"] = form.description;
    if (form.acceptance !== before.acceptance) data["acceptance"] = lines(form.acceptance);
    if (form.technicalNotes !== before.technicalNotes) data["technicalNotes"] = form.technicalNotes;
    if (form.priority !== before.priority) data["priority"] = form.priority;
    if (form.labels !== before.labels) data["labels"] = words(form.labels);
    if (Object.keys(data).length === 1) return onDone();
    setPending(true);
    const outcome = await command({ entity: "task", verb: "update", data, label: `Change ${task.id}` });
    setPending(false);
    if (outcome.state !== "refused") onDone();
  }
  return (
    <form className="form" onSubmit={(event) => void submit(event)}>
      <label>Title<input className="field" autoFocus required maxLength={200} value={form.title} onChange={(event) => put({ title: event.target.value })} /></label>
      <label>Description, in Markdown<textarea className="field" rows={8} value={form.description} onChange={(event) => put({ description: event.target.value })} /></label>
      <label>Acceptance criteria, one a line<textarea className="field" rows={3} value={form.acceptance} onChange={(event) => put({ acceptance: event.target.value })} /></label>
      <label>Technical notes<textarea className="field" rows={4} value={form.technicalNotes} onChange={(event) => put({ technicalNotes: event.target.value })} /></label>
      <div className="form-row">
        <label>Priority<select className="field" value={form.priority} onChange={(event) => put({ priority: event.target.value as Priority })}>{PRIORITIES.map((each) => <option key={each}>{each}</option>)}</select></label>
        <label>Labels<input className="field" value={form.labels} onChange={(event) => put({ labels: event.target.value })} /></label>
      </div>
      <div className="form-end"><button type="button" className="button" onClick={onDone}>Leave it</button><button type="submit" className="button primary" disabled={pending || !form.title.trim()}>{pending ? "Saving…" : "Save"}</button></div>
    </form>
  );
}
