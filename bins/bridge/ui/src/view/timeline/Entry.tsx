import { memo } from "react";
import { bare as shortened, describe } from "../../model/describe";
import type { TimelineEntry } from "../../model/entity";
import { openSession } from "../../store/navigate";
import { useStore } from "../../store/state";
import { TaskRef, Who } from "../part/Ref";
import { Time } from "../part/Time";

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
    <div className={`entry tone-${TONES[entry.kind] ?? "plain"}`}>
      <span className="entry-dot" aria-hidden="true" />
      <div className="entry-body">
        <p className="entry-line">
          <Who actor={entry.actor} /> {bare ? shortened(phrase) : phrase}{" "}
          {!bare && id !== entry.actor && kind !== "message" && (kind === "task" && id ? <TaskRef id={id} />
            : kind === "session" && id ? <button type="button" className="ref" onClick={() => openSession(id)}><span className="ref-id">{id}</span></button>
            : <span className="id">{id ?? "the project"}</span>)}
          {!bare && title && <span className="entry-title"> {title}</span>}
        </p>
        {words && <p className="entry-words">{words}</p>}
      </div>
      <Time at={entry.at} />
    </div>
  );
});
