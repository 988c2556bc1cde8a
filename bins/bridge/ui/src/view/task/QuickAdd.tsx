import { useState, type FormEvent } from "react";
import { parseQuick } from "../../model/quick";
import { command } from "../../store/store";
import { useStore } from "../../store/state";
import { Icon } from "../part/Icon";

/** A task in one line. It appears when the ledger has it. */
export function QuickAdd() {
  const [text, setText] = useState("");
  const [pending, setPending] = useState(false);
  const project = useStore((state) => state.feed.project);
  async function submit(event: FormEvent) {
    event.preventDefault();
    const { title, labels, priority } = parseQuick(text);
    if (!title || pending) return;
    setPending(true);
    const outcome = await command({
      entity: "task", verb: "create", label: `New task “${title}”`,
      data: { title, ...(priority ? { priority } : {}), ...(labels.length ? { labels } : {}) },
    });
    setPending(false);
    if (outcome.state !== "refused") setText("");
  }
  return (
    <form className="quick" onSubmit={(event) => void submit(event)}>
      <Icon name="plus" />
      <input
        aria-label="Title of a new task" placeholder="Quick add: title #label !!" maxLength={260} value={text} autoComplete="off"
        onChange={(event) => setText(event.target.value)} disabled={!project}
      />
      {text.trim() && <button type="submit" className="button primary small" disabled={pending}>{pending ? "Adding…" : "Add"}</button>}
    </form>
  );
}
