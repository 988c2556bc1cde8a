import { retryNow } from "../../store/store";
import { useStore } from "../../store/state";

/** What stands between the page and the truth, said plainly. */
export function ConnectionBar() {
  const trouble = useStore((state) => state.trouble);
  const lost = useStore((state) => state.link.state === "reconnecting");
  const offline = useStore((state) => state.offline);
  const stale = useStore((state) => state.feed.seq !== null);
  const seconds = useStore((state) => state.link.state === "reconnecting" ? Math.max(0, Math.ceil((state.link.at - state.now) / 1000)) : 0);
  if (lost) {
    return (
      <div className="bar" role="status">
        <strong>{offline ? "You are offline." : "The connection is lost."}</strong>
        <span>{stale ? "You see the last known state; what you do now is kept and sent later." : "Nothing is loaded yet."}</span>
        <span className="spring" />
        <span className="bar-count" aria-hidden="true">{seconds ? `Next try in ${seconds} s` : "Trying…"}</span>
        <button type="button" className="button small" onClick={retryNow}>Retry now</button>
      </div>
    );
  }
  if (trouble) return <div className="bar" role="alert"><strong>{trouble.message}</strong>{trouble.hint && <code>{trouble.hint}</code>}</div>;
  return null;
}
