import { statusLabel } from "../../model/describe";
import type { Priority } from "../../model/entity";
import { Icon } from "./Icon";

/** Shape, word and colour: never the colour alone. */
export const Chip = ({ status }: { status: string }) => (
  <span className={`chip tone-${status}`}><Icon name={status} />{statusLabel(status)}</span>
);

const BARS: Record<Priority, number> = { low: 1, medium: 2, high: 3, critical: 4 };

export function PriorityMark({ priority, word = false }: { priority: Priority; word?: boolean }) {
  return (
    <span className={`prio prio-${priority}`} title={`Priority: ${priority}`}>
      <svg viewBox="0 0 14 12" className="prio-bars" aria-hidden="true">
        {[0, 1, 2, 3].map((n) => <rect key={n} x={n * 3.6} y={8 - n * 2.4} width="2.4" height={3.5 + n * 2.4} rx="0.8" className={n < BARS[priority] ? "on" : ""} />)}
      </svg>
      {word ? priority : <span className="hidden">Priority {priority}</span>}
    </span>
  );
}

export function Steps({ completed, total }: { completed: number; total: number }) {
  if (!total) return null;
  return (
    <span className="steps" title={`${completed} of ${total} steps done`}>
      <progress value={completed} max={total} aria-label="Steps done" />{completed}/{total}
    </span>
  );
}
