import {
  DndContext, DragOverlay, KeyboardSensor, PointerSensor, TouchSensor, pointerWithin, rectIntersection, useSensor, useSensors,
  type CollisionDetection, type DragEndEvent, type DragStartEvent, type KeyboardCoordinateGetter,
} from "@dnd-kit/core";
import { useMemo, useState } from "react";
import { statusLabel } from "../../model/describe";
import { parseFilter } from "../../model/filter";
import { narrower } from "../../model/groups";
import type { Task, TaskStatus } from "../../model/entity";
import { get, useStore } from "../../store/state";
import { toast } from "../../store/toast";
import { Skeleton } from "../part/Empty";
import { Search } from "../part/Search";
import { QuickAdd } from "../task/QuickAdd";
import { Card } from "./Card";
import { Column } from "./Column";
import { move, MoveDialog, type Move } from "./move";

const COLUMNS: readonly TaskStatus[] = ["pending", "in_progress", "blocked", "in_review", "completed", "cancelled"];

/** The pointer decides; with the keyboard, the overlap. */
const collide: CollisionDetection = (args) => {
  const under = pointerWithin(args);
  return under.length ? under : rectIntersection(args);
};

/** Left and right go to the next column. */
const byColumn: KeyboardCoordinateGetter = (event, { context: { droppableContainers, collisionRect } }) => {
  const step = event.code === "ArrowRight" ? 1 : event.code === "ArrowLeft" ? -1 : 0;
  if (!step || !collisionRect) return undefined;
  event.preventDefault();
  const rects = droppableContainers.getEnabled().map((each) => each.rect.current).filter((rect) => rect !== null).sort((a, b) => a.left - b.left);
  const center = collisionRect.left + collisionRect.width / 2;
  const at = rects.findIndex((rect) => center >= rect.left && center <= rect.right);
  const next = rects[Math.min(rects.length - 1, Math.max(0, at + step))];
  return next && { x: next.left + (next.width - collisionRect.width) / 2, y: next.top + 60 };
};

export function Board() {
  const all = useStore((state) => state.feed.groups);
  const loaded = useStore((state) => state.feed.seq !== null);
  const moves = useStore((state) => state.moves);
  const [words, setWords] = useState("");
  const [dragged, setDragged] = useState<Task | null>(null);
  const [asked, setAsked] = useState<{ task: Task; move: Move } | null>(null);
  const filter = useMemo(() => parseFilter(words), [words]);
  const [narrow] = useState(narrower);
  const groups = useMemo(() => narrow(all, filter), [narrow, all, filter]);
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 6 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 220, tolerance: 8 } }),
    useSensor(KeyboardSensor, { coordinateGetter: byColumn, keyboardCodes: { start: ["Space"], cancel: ["Escape"], end: ["Space", "Enter"] } }),
  );
  // What the server says: from this status these verbs, and where they lead.
  const allowed: readonly Move[] = dragged ? ((moves[dragged.status] ?? []) as Move[]) : [];

  function onDragStart(event: DragStartEvent) {
    setDragged(get().feed.tasks.get(String(event.active.id)) ?? null);
  }
  function onDragEnd(event: DragEndEvent) {
    setDragged(null);
    const task = get().feed.tasks.get(String(event.active.id));
    const to = event.over?.id as TaskStatus | undefined;
    if (!task || !to || to === task.status) return;
    const found = ((moves[task.status] ?? []) as Move[]).find((each) => each.to === to);
    if (!found) {
      const ways = ((moves[task.status] ?? []) as Move[]).map((each) => statusLabel(each.to)).join(", ");
      toast({ tone: "error", text: `${task.id} cannot go from ${statusLabel(task.status)} to ${statusLabel(to)}.`, hint: `From here: ${ways || "nowhere"}` });
    } else if (found.verb === "block") setAsked({ task, move: found });
    else void move(task, found);
  }

  if (!loaded) return <Skeleton />;
  return (
    <div className="board-view">
      <div className="view-head">
        <Search label="Filter the board" placeholder="Filter: words, label:ui, by:s3, priority:high" value={words} onChange={setWords} />
        <QuickAdd />
      </div>
      <DndContext
        sensors={sensors} collisionDetection={collide} onDragStart={onDragStart} onDragEnd={onDragEnd} onDragCancel={() => setDragged(null)}
        accessibility={{
          screenReaderInstructions: { draggable: "Space picks the card up, the arrow keys left and right carry it, Space puts it down, Escape leaves it. Enter opens the task." },
          announcements: {
            onDragStart: ({ active }) => `Picked up ${active.id}.`,
            onDragOver: ({ active, over }) => over ? `${active.id} is over ${statusLabel(String(over.id))}.` : undefined,
            onDragEnd: ({ active, over }) => over ? `${active.id} was dropped on ${statusLabel(String(over.id))}.` : `${active.id} was dropped.`,
            onDragCancel: ({ active }) => `${active.id} stays where it was.`,
          },
        }}
      >
        <div className="board" role="group" aria-label="Board">
          {COLUMNS.map((status) => {
            const way = allowed.find((each) => each.to === status);
            return (
              <Column
                key={status} status={status} tasks={groups[status]}
                drag={dragged === null || dragged.status === status ? "none" : way ? "allowed" : "refused"} verb={way?.verb}
              />
            );
          })}
        </div>
        <DragOverlay dropAnimation={null}>{dragged && <Card task={dragged} overlay />}</DragOverlay>
      </DndContext>
      {asked && <MoveDialog task={asked.task} move={asked.move} onClose={() => setAsked(null)} />}
    </div>
  );
}
