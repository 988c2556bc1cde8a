import { retryNow } from "../../store/store";
import { useStore } from "../../store/state";

/** What stands between the page and the truth, said plainly, with the bridge's own word on it. */
export function ConnectionBar() {
  const state = useStore((each) => each.link.state);
  const trouble = useStore((each) => each.trouble);
  if (state === "reconnecting") return <Lost />;
  if (state === "refused") {
    return (
      <div className="bar" role="alert">
        <strong>The bridge does not speak with this page.</strong>
        <Trouble />
        <span className="spring" />
        <button type="button" className="button small" onClick={retryNow}>Try again</button>
        <button type="button" className="button small" onClick={() => window.location.reload()}>Load the page again</button>
      </div>
    );
  }
  if (trouble) return <div className="bar" role="alert"><strong>{trouble.message}</strong>{trouble.hint && <code>{trouble.hint}</code>}</div>;
  return null;
}

function Lost() {
  const offline = useStore((state) => state.offline);
  const stale = useStore((state) => state.feed.seq !== null);
  const seconds = useStore((state) => state.link.state === "reconnecting" ? Math.max(0, Math.ceil((state.link.at - state.now) / 1000)) : 0);
  return (
    <div className="bar" role="status">
      <strong>{offline ? "You are offline." : "The connection is lost."}</strong>
      <Trouble />
      <span>{stale ? "You see the last known state; what you do now is kept and sent later." : "Nothing is loaded yet."}</span>
      <span className="spring" />
      <span className="bar-count" aria-hidden="true">{seconds ? `Next try in ${seconds} s` : "Trying…"}</span>
      <button type="button" className="button small" onClick={retryNow}>Retry now</button>
    </div>
  );
}

function Trouble() {
  const trouble = useStore((state) => state.trouble);
  return trouble && <span className="bar-trouble">{trouble.message}{trouble.hint && <> <code>{trouble.hint}</code></>}</span>;
}
