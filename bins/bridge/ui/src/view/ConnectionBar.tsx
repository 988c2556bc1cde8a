import { useStore } from "../store/store";

/** What stands between the page and the truth, said plainly. */
export function ConnectionBar() {
  const trouble = useStore((state) => state.trouble);
  const stale = useStore((state) => state.link.state === "reconnecting" && state.feed.seq !== null);
  if (trouble) {
    return <div className="bar" role="alert"><strong>{trouble.message}</strong>{trouble.hint && <code>{trouble.hint}</code>}</div>;
  }
  if (stale) return <div className="bar">You see the last known state. Nothing is lost: what happens now arrives when the connection is back.</div>;
  return null;
}
