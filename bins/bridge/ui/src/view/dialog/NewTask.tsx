import { useMemo, useState, type FormEvent } from "react";
import { idNumber, PRIORITIES, type Priority } from "../../model/entity";
import { openTask } from "../../store/navigate";
import { command } from "../../store/store";
import { useStore } from "../../store/state";
import { toast } from "../../store/toast";
import { Dialog } from "../part/Dialog";
import { lines, words } from "../task/fields";
import { TEMPLATES } from "./template";

export function NewTask({ title, onClose }: { title: string; onClose(): void }) {
  const tasks = useStore((state) => state.feed.tasks);
  const [form, setForm] = useState({ title, description: "", acceptance: "", steps: "", labels: "", priority: "medium" as Priority, dependsOn: "" });
  const [pending, setPending] = useState(false);
  const put = (change: Partial<typeof form>) => setForm({ ...form, ...change });
  const known = useMemo(() => [...tasks.values()].filter((task) => task.status !== "cancelled").sort((a, b) => idNumber(b.id) - idNumber(a.id)).slice(0, 300), [tasks]);
  async function submit(event: FormEvent) {
    event.preventDefault();
    const name = form.title.trim();
    if (!name || pending) return;
    setPending(true);
    const steps = lines(form.steps);
    const data: Record<string, unknown> = { title: name, priority: form.priority };
    if (form.description.trim()) data["description"] = form.description.trim();
    if (form.acceptance.trim()) data["acceptance"] = lines(form.acceptance);
    if (form.labels.trim()) data["labels"] = words(form.labels);
    if (form.dependsOn.trim()) data["dependsOn"] = words(form.dependsOn);
    if (steps.length) data["subtasks"] = steps.map((step) => ({ title: step }));
    const outcome = await command({ entity: "task", verb: "create", data, label: `New task “${name}”` });
    setPending(false);
    if (outcome.state === "refused") return;
    onClose();
    if (outcome.state === "done") {
      const { id } = outcome.reply.data as { id: string };
      toast({ tone: "done", text: `${id} is created.`, action: { label: "Open", run: () => openTask(id) } });
    }
  }
  return (
    <Dialog title="New task" className="dialog-wide" onClose={onClose} dismissable={false}>
      <form className="form" onSubmit={(event) => void submit(event)}>
        <div className="templates"><span className="faint">Begin with</span>
          {TEMPLATES.map(({ name, ...rest }) => <button key={name} type="button" className="button small" onClick={() => put(rest)}>{name}</button>)}
        </div>
        <label>Title<input className="field field-title" data-focus required maxLength={200} placeholder="What is to be done?" value={form.title} onChange={(event) => put({ title: event.target.value })} /></label>
        <label>Description, in Markdown<textarea className="field" rows={6} value={form.description} onChange={(event) => put({ description: event.target.value })} /></label>
        <div className="form-row">
          <label>Acceptance criteria, one a line<textarea className="field" rows={3} value={form.acceptance} onChange={(event) => put({ acceptance: event.target.value })} /></label>
          <label>Steps, one a line<textarea className="field" rows={3} value={form.steps} onChange={(event) => put({ steps: event.target.value })} /></label>
        </div>
        <div className="form-row">
          <label>Priority<select className="field" value={form.priority} onChange={(event) => put({ priority: event.target.value as Priority })}>{PRIORITIES.map((each) => <option key={each}>{each}</option>)}</select></label>
          <label>Labels<input className="field" placeholder="ui parser" value={form.labels} onChange={(event) => put({ labels: event.target.value })} /></label>
          <label>Depends on<input className="field" placeholder="t1 t4" list="known-tasks" value={form.dependsOn} onChange={(event) => put({ dependsOn: event.target.value })} /></label>
          <datalist id="known-tasks">{known.map((task) => <option key={task.id} value={task.id}>{task.title}</option>)}</datalist>
        </div>
        <div className="form-end"><button type="button" className="button" onClick={onClose}>Leave it</button><button type="submit" className="button primary" disabled={pending || !form.title.trim()}>{pending ? "Creating…" : "Create task"}</button></div>
      </form>
    </Dialog>
  );
}
