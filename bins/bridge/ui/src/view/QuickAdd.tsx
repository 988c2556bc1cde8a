import { useState, type FormEvent } from "react";
import type { Priority } from "../model/entity";
import { command, useStore } from "../store/store";
import { Icon } from "./Icon";

/** A task in one line. It appears in the list when the ledger has it. */
export function QuickAdd() {
  const [title, setTitle] = useState("");
  const [priority, setPriority] = useState<Priority>("medium");
  const [pending, setPending] = useState(false);
  const project = useStore((state) => state.feed.project);
  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!title.trim() || pending) return;
    setPending(true);
    const reply = await command("task", "create", { title: title.trim(), priority }, project ?? undefined);
    setPending(false);
    if (reply.success) {
      setTitle("");
      setPriority("medium");
    }
  }
  return (
    <form className="quick" onSubmit={(event) => void submit(event)}>
      <Icon name="plus" />
      <input
        aria-label="Title of a new task" placeholder="New task…" maxLength={200} value={title}
        onChange={(event) => setTitle(event.target.value)} disabled={!project}
      />
      {title.trim() && (
        <>
          <select aria-label="Priority" value={priority} onChange={(event) => setPriority(event.target.value as Priority)}>
            {(["critical", "high", "medium", "low"] as const).map((each) => <option key={each}>{each}</option>)}
          </select>
          <button type="submit" className="button primary small" disabled={pending}>{pending ? "Adding…" : "Add"}</button>
        </>
      )}
    </form>
  );
}
