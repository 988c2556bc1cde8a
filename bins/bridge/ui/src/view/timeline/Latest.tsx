import { isNews } from "../../model/describe";
import { openView } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Entry } from "./Entry";

const SHOWN = 40;

/** What happened last, in mission control. */
export function Latest() {
  const timeline = useStore((state) => state.feed.timeline);
  const news = timeline.filter(isNews).slice(0, SHOWN);
  return (
    <section className="panel panel-latest" aria-labelledby="latest-title">
      <div className="panel-head"><h2 id="latest-title">Just now</h2><span className="spring" /><button type="button" className="button quiet" onClick={() => openView("timeline")}>Timeline</button></div>
      {news.length === 0 && <p className="empty-line">Everything that happens appears here, the moment it does.</p>}
      <ol className="entries" aria-label="What happened, the newest first">{news.map((entry) => <li key={entry.id}><Entry entry={entry} /></li>)}</ol>
    </section>
  );
}
