import { useMemo } from "react";
import { needs, throughput, workers } from "../../model/derive";
import { isLiving } from "../../model/entity";
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
  const tasks = useStore((state) => state.feed.tasks);
  const sessions = useStore((state) => state.feed.sessions);
  const loaded = useStore((state) => state.feed.seq !== null);
  const minute = useStore((state) => Math.floor(state.now / MINUTE));
  const waiting = useMemo(() => needs(tasks, sessions), [tasks, sessions]);
  const crew = useMemo(() => workers(tasks, sessions), [tasks, sessions]);
  const bars = useMemo(() => throughput(tasks.values(), (minute + 1) * MINUTE, HOUR / 6, 24), [tasks, minute]);
  const sums = useMemo(() => {
    const count = { open: 0, in_progress: 0, blocked: 0, completed: 0, counted: 0 };
    for (const task of tasks.values()) {
      if (task.status === "cancelled") continue;
      count.counted += 1;
      if (task.status === "completed") count.completed += 1;
      else count.open += 1;
      if (task.status === "in_progress") count.in_progress += 1;
      if (task.status === "blocked") count.blocked += 1;
    }
    return { ...count, living: [...sessions.values()].filter((each) => isLiving(each.status)).length };
  }, [tasks, sessions]);
  if (!loaded) return <Skeleton />;
  const hour = bars.slice(-6).reduce((sum, each) => sum + each, 0);
  return (
    <div className="control">
      <section className="figures" aria-label="Figures">
        <Figure value={sums.living} label="agents running" onClick={() => openView("sessions")} tone={sums.living ? "active" : "plain"} />
        <Figure value={sums.in_progress} label="in progress" onClick={() => openView("board")} tone="in_progress" />
        <Figure value={sums.blocked} label="blocked" onClick={() => openView("board")} tone={sums.blocked ? "blocked" : "plain"} />
        <Figure value={hour} label="completed this hour" onClick={() => openView("timeline")} tone="completed" />
        <div className="figure figure-wide">
          <span className="figure-label"><strong>{sums.completed}</strong> of {sums.counted} tasks completed</span>
          <progress className="wide" value={sums.completed} max={Math.max(1, sums.counted)} aria-label="Completed tasks" />
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
