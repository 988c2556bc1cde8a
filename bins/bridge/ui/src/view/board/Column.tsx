import { useDroppable } from "@dnd-kit/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useRef, useState } from "react";
import { statusLabel } from "../../model/describe";
import type { Task, TaskStatus } from "../../model/entity";
import { Icon } from "../part/Icon";
import { Card } from "./Card";
import { verbLabel } from "./move";

const HINTS: Partial<Record<TaskStatus, string>> = {
  pending: "New tasks begin here.", in_progress: "Nobody works on anything.", blocked: "Nothing is stuck.",
  in_review: "Nothing to look over.", completed: "Nothing is done yet.", cancelled: "",
};

/** Drawn again only when something in it changed. */
export const Column = memo(function Column({ status, tasks, drag, verb }: { status: TaskStatus; tasks: readonly Task[]; drag: "none" | "allowed" | "refused"; verb?: string | undefined }) {
  const { setNodeRef, isOver } = useDroppable({ id: status });
  // What was cancelled is seldom looked at.
  const [open, setOpen] = useState(status !== "cancelled");
  const slim = !open;
  const scroll = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: tasks.length, getScrollElement: () => scroll.current, estimateSize: () => 92, overscan: 8, gap: 8, getItemKey: (index) => tasks[index]?.id ?? index,
  });
  return (
    <section ref={setNodeRef} className={`column tone-${status} drag-${drag} ${isOver ? "over" : ""} ${slim ? "slim" : ""}`} aria-label={`${statusLabel(status)}: ${tasks.length}`} data-status={status}>
      <h2><Icon name={status} />{statusLabel(status)}<span className="count">{tasks.length}</span>{drag === "allowed" && verb && <span className="column-verb">{verbLabel(verb)}</span>}
        {status === "cancelled" && <button type="button" className="column-fold" aria-expanded={open} aria-label={open ? "Fold" : "Unfold"} onClick={() => setOpen(!open)}><Icon name="chevron" /></button>}
      </h2>
      {open && <div ref={scroll} className="column-scroll" tabIndex={-1}>
        {tasks.length === 0 && <p className="column-empty">{HINTS[status]}</p>}
        <ul style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((row) => {
            const task = tasks[row.index];
            return task && (
              <li key={row.key} ref={rows.measureElement} data-index={row.index} style={{ transform: `translateY(${row.start}px)` }}>
                <Card task={task} />
              </li>
            );
          })}
        </ul>
      </div>}
    </section>
  );
});
