import { memo, useState } from "react";
import type { TimelineEntry } from "../model/entity";
import { bare as shortened, describe, isNews } from "../model/describe";
import { openTask, useStore } from "../store/store";
import { Time } from "./Time";

const STEP = 60;

export function Timeline() {
  const timeline = useStore((state) => state.feed.timeline);
  const loaded = useStore((state) => state.feed.seq !== null);
  const [shown, setShown] = useState(STEP);
  const news = timeline.filter(isNews);
  return (
    <section className="pane pane-timeline" aria-labelledby="timeline-title">
      <div className="pane-head"><h2 id="timeline-title">Timeline</h2></div>
      {loaded && news.length === 0 && <div className="empty"><p>Everything that happens appears here, the moment it does.</p></div>}
      <ol className="entries" aria-label="What happened, the newest first">
        {news.slice(0, shown).map((entry) => <Entry key={entry.id} entry={entry} />)}
      </ol>
      {news.length > shown && <button type="button" className="button quiet" onClick={() => setShown(shown + STEP)}>Show older</button>}
    </section>
  );
}

const TONES: Record<string, string> = {
  claimed: "in_progress", completed: "completed", blocked: "blocked", submitted: "in_review", cancelled: "cancelled",
  active: "active", needs_input: "needs_input", lost: "failed", failed: "failed", unblocked: "in_progress",
  subtask_completed: "completed", released: "pending", created: "created",
};

export const Entry = memo(function Entry({ entry, bare = false }: { entry: TimelineEntry; bare?: boolean }) {
  const { phrase, words } = describe(entry);
  const [kind, id] = entry.entity.split("/");
  const title = useStore((state) =>
    kind === "task" && id ? state.feed.tasks.get(id)?.title : kind === "session" && id ? state.feed.sessions.get(id)?.name : undefined);
  return (
    <li className={`entry tone-${TONES[entry.kind] ?? "plain"}`}>
      <span className="entry-dot" aria-hidden="true" />
      <div className="entry-body">
        <p className="entry-line">
          <strong>{entry.actor}</strong> {bare ? shortened(phrase) : phrase}{" "}
          {!bare && id !== entry.actor && (kind === "task" && id
            ? <button type="button" className="ref" title={title} onClick={() => openTask(id)}>{id}</button>
            : <span className="id">{id ?? "the project"}</span>)}
          {!bare && title && <span className="entry-title"> {title}</span>}
        </p>
        {words && <p className="entry-words">{words}</p>}
      </div>
      <Time at={entry.at} />
    </li>
  );
});
