import { useState, type FormEvent } from "react";
import type { Session } from "../../model/entity";
import { command } from "../../store/store";
import { Icon } from "../part/Icon";

/** A message to a session: an answer when it asks, steering when it does not. */
export function Say({ session }: { session: Session }) {
  const [text, setText] = useState("");
  const [pending, setPending] = useState(false);
  const asks = session.status === "needs_input";
  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!text.trim() || pending) return;
    setPending(true);
    const outcome = await command({
      entity: "message", verb: "send", label: `Message to ${session.id}`, data: { to: session.id, body: text.trim(), kind: asks ? "answer" : "mail" },
    });
    setPending(false);
    if (outcome.state !== "refused") setText("");
  }
  return (
    <form className="say" onSubmit={(event) => void submit(event)}>
      <textarea
        rows={2} maxLength={8000} aria-label={asks ? `Answer ${session.name}` : `Message to ${session.name}`} placeholder={asks ? "Your answer" : "Say something to it"} value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => { if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) void submit(event); }}
      />
      <button type="submit" className="button primary" disabled={pending || !text.trim()}><Icon name="send" />{pending ? "Sending…" : asks ? "Answer" : "Send"}</button>
    </form>
  );
}
