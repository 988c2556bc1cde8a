import { openDialog } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Icon } from "../part/Icon";

export function LinkState() {
  const link = useStore((state) => state.link);
  const offline = useStore((state) => state.offline);
  const seconds = useStore((state) => state.link.state === "reconnecting" ? Math.max(0, Math.ceil((state.link.at - state.now) / 1000)) : 0);
  const words = {
    connecting: "Connecting…",
    connected: "Live",
    reconnecting: offline ? "Offline" : seconds ? `Reconnecting in ${seconds} s` : "Reconnecting…",
    signed_out: "Signed out",
    refused: "Refused",
  }[link.state];
  return (
    <span className={`link link-${link.state}`}>
      <span className="dot" aria-hidden="true" />
      <span>{words}</span>
    </span>
  );
}

/** What was said and is not acknowledged yet, or was refused. */
export function OutboxButton() {
  const waiting = useStore((state) => state.outbox.filter((entry) => entry.state !== "failed" && (entry.delayed || entry.state === "waiting")).length);
  const failed = useStore((state) => state.outbox.filter((entry) => entry.state === "failed").length);
  if (!waiting && !failed) return null;
  return (
    <button type="button" className={`outbox-button ${failed ? "tone-failed" : "tone-needs_input"}`} onClick={() => openDialog({ kind: "outbox" })}>
      <Icon name="outbox" />
      {waiting > 0 && <span>{waiting} pending</span>}
      {failed > 0 && <strong>{failed} not sent</strong>}
    </button>
  );
}
