import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState, type KeyboardEvent } from "react";
import { statusLabel } from "../../model/describe";
import { isEmpty, parseFilter } from "../../model/filter";
import { narrower } from "../../model/groups";
import { TASK_STATUSES, PRIORITIES } from "../../model/entity";
import { openDialog, openTask } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Empty, Skeleton } from "../part/Empty";
import { Search } from "../part/Search";
import { QuickAdd } from "../task/QuickAdd";
import { GroupRow, StepRow, TaskRow } from "./Row";
import { rowsOf } from "./rows";

const HEIGHT = { group: 38, task: 38, step: 30 } as const;

const toggled = (set: ReadonlySet<string>, key: string): Set<string> => {
  const next = new Set(set);
  if (!next.delete(key)) next.add(key);
  return next;
};

export function List() {
  const groups = useStore((state) => state.feed.groups);
  const total = useStore((state) => state.feed.tasks.size);
  const loaded = useStore((state) => state.feed.seq !== null);
  const [words, setWords] = useState("");
  const [folded, setFolded] = useState<ReadonlySet<string>>(() => new Set(["cancelled"]));
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(() => new Set());
  const [current, setCurrent] = useState<string | null>(null);
  const filter = useMemo(() => parseFilter(words), [words]);
  const [narrow] = useState(narrower);
  const rows = useMemo(() => rowsOf(narrow(groups, filter), folded, unfolded), [narrow, groups, filter, folded, unfolded]);
  const found = useMemo(() => current !== null && rows.some((row) => row.key === current), [rows, current]);
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length, getScrollElement: () => scroll.current, overscan: 16, getItemKey: (index) => rows[index]?.key ?? index,
    estimateSize: (index) => HEIGHT[rows[index]?.kind ?? "task"],
  });

  const fold = (key: string) => setFolded(toggled(folded, key));
  const unfold = (key: string) => setUnfolded(toggled(unfolded, key));
  function go(index: number) {
    const row = rows[index];
    if (!row) return;
    setCurrent(row.key);
    virtual.scrollToIndex(index);
    requestAnimationFrame(() => scroll.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(row.key)}"]`)?.focus());
  }
  function onKeyDown(event: KeyboardEvent) {
    const at = rows.findIndex((row) => row.key === current);
    const row = rows[at];
    switch (event.key) {
      case "ArrowDown": case "j": go(Math.min(rows.length - 1, at + 1)); break;
      case "ArrowUp": case "k": go(Math.max(0, at - 1)); break;
      case "Home": go(0); break;
      case "End": go(rows.length - 1); break;
      case "ArrowRight":
        if (row?.kind === "group" && !row.open) fold(row.key);
        if (row?.kind === "task" && !row.open) unfold(row.key);
        break;
      case "ArrowLeft":
        if (row?.kind === "group" && row.open) fold(row.key);
        else if (row?.kind === "task" && row.open) unfold(row.key);
        else if (row?.kind === "step") go(rows.findIndex((each) => each.key === row.task.id));
        break;
      case "Enter": case " ":
        if (row?.kind === "group") fold(row.key);
        else if (row) openTask(row.task.id);
        break;
      default: return;
    }
    event.preventDefault();
  }

  const add = (word: string) => setWords(words.split(/\s+/).includes(word) ? words.split(/\s+/).filter((each) => each !== word).join(" ") : `${words} ${word}`.trim());
  return (
    <div className="list-view">
      <div className="view-head">
        <Search label="Filter the tasks" placeholder="Filter: words, status:blocked, label:ui, by:s3" value={words} onChange={setWords} />
        <label className="pick"><span className="hidden">Status</span>
          <select value="" onChange={(event) => add(`status:${event.target.value}`)}><option value="" disabled>Status</option>{TASK_STATUSES.map((each) => <option key={each} value={each}>{statusLabel(each)}</option>)}</select>
        </label>
        <label className="pick"><span className="hidden">Priority</span>
          <select value="" onChange={(event) => add(`priority:${event.target.value}`)}><option value="" disabled>Priority</option>{PRIORITIES.map((each) => <option key={each}>{each}</option>)}</select>
        </label>
        {!isEmpty(filter) && <button type="button" className="button quiet" onClick={() => setWords("")}>Clear</button>}
        <QuickAdd />
      </div>
      {!loaded && <Skeleton />}
      {loaded && total === 0 && (
        <Empty icon="list" title="No tasks yet">
          <p>Add the first one above, or let an orchestrator break the work down.</p>
          <button type="button" className="button" onClick={() => openDialog({ kind: "launch", role: "orchestrator" })}>Launch an orchestrator</button>
        </Empty>
      )}
      {loaded && total > 0 && rows.length === 0 && <Empty icon="search" title="No task matches"><p>Every word of “{words}” must hold.</p></Empty>}
      <div ref={scroll} className="tree-scroll">
        <div role="tree" aria-label="Tasks by status" className="tree" style={{ height: virtual.getTotalSize() }} onKeyDown={onKeyDown}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            const first = found ? row.key === current : item.index === 0;
            const common = { tabIndex: first ? 0 : -1, onFocus: () => setCurrent(row.key) };
            return (
              <div key={item.key} className="tree-row" role="none" style={{ transform: `translateY(${item.start}px)`, height: item.size }}>
                {row.kind === "group" && <GroupRow row={row} {...common} onToggle={() => fold(row.key)} />}
                {row.kind === "task" && <TaskRow row={row} {...common} onToggle={() => unfold(row.key)} />}
                {row.kind === "step" && <StepRow row={row} {...common} />}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
