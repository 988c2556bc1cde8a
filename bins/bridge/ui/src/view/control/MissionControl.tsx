import { useMemo } from "react";
import { throughput, workers } from "../../model/derive";
import { isLiving } from "../../model/entity";
import { useNeeds } from "../../store/derived";
import { openView } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Skeleton } from "../part/Empty";
import { Latest } from "../timeline/Latest";
import { Needs } from "./Needs";
import { Next } from "./Next";
import { Throughput } from "./Throughput";
import { Workers } from "./Workers";

const HOUR = 3600_000;
const MINUTE = 60_000;

/** One look: who waits for me, who works at what, what is next, how fast it goes. */
export function MissionControl() {
  const groups = useStore((state) => state.feed.groups);
  const sessions = useStore((state) => state.feed.sessions);
  const loaded = useStore((state) => state.feed.seq !== null);
  const minute = useStore((state) => Math.floor(state.now / MINUTE));
  const waiting = useNeeds();
  const crew = useMemo(() => workers(groups, sessions), [groups, sessions]);
  const completed = groups.completed;
  const bars = useMemo(() => throughput(completed, (minute + 1) * MINUTE, HOUR / 6, 24), [completed, minute]);
  const open = groups.pending.length + groups.in_progress.length + groups.in_review.length + groups.blocked.length;
  const living = useMemo(() => [...sessions.values()].filter((each) => isLiving(each.status)).length, [sessions]);
  if (!loaded) return <Skeleton />;
  const hour = bars.slice(-6).reduce((sum, each) => sum + each, 0);
  return (
    <div className="control">
      <section className="figures" aria-label="Figures">
        <Figure value={living} label="agents running" onClick={() => openView("sessions")} tone={living ? "active" : "plain"} />
        <Figure value={groups.in_progress.length} label="in progress" onClick={() => openView("board")} tone="in_progress" />
        <Figure value={groups.blocked.length} label="blocked" onClick={() => openView("board")} tone={groups.blocked.length ? "blocked" : "plain"} />
        <Figure value={hour} label="done this hour" onClick={() => openView("timeline")} tone="completed" />
        <div className="figure figure-wide">
          <span className="figure-label"><strong>{completed.length}</strong> of {open + completed.length} tasks completed</span>
          <progress className="wide" value={completed.length} max={Math.max(1, open + completed.length)} aria-label="Completed tasks" />
          <Throughput bars={bars} />
        </div>
      </section>
      <Needs needs={waiting} />
      <div className="control-columns">
        <div className="control-column">
          <Workers workers={crew} />
          <Next />
        </div>
        <Latest />
      </div>
    </div>
  );
}

function Figure({ value, label, tone, onClick }: { value: number; label: string; tone: string; onClick(): void }) {
  return <button type="button" className={`figure tone-${tone}`} onClick={onClick}><strong>{value}</strong><span className="figure-label">{label}</span></button>;
}
