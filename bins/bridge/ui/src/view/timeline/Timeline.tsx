import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { describe, isNews } from "../../model/describe";
import type { TimelineEntry } from "../../model/entity";
import { mergeTimeline } from "../../feed/feed";
import { query } from "../../store/store";
import { useStore } from "../../store/state";
import { Empty, Skeleton } from "../part/Empty";
import { Search } from "../part/Search";
import { Entry } from "./Entry";
import { belongs, dayOf, GROUP_LABEL, GROUPS, type Group } from "./kinds";

const PAGE = 200;
const OLDER_LIMIT = 10_000;

type Row = { kind: "day"; key: string; label: string } | { kind: "entry"; key: string; entry: TimelineEntry };

/** What happened across all tasks and sessions; older entries come from the server. */
export function Timeline() {
  const live = useStore((state) => state.feed.timeline);
  const loaded = useStore((state) => state.feed.seq !== null);
  const sessions = useStore((state) => state.feed.sessions);
  const minute = useStore((state) => Math.floor(state.now / 60_000) * 60_000);
  const [older, setOlder] = useState<{ entries: readonly TimelineEntry[]; cursor: string | null | undefined; busy: boolean }>({ entries: [], cursor: undefined, busy: false });
  const [group, setGroup] = useState<Group>("all");
  const [actor, setActor] = useState("");
  const [words, setWords] = useState("");
  const all = useMemo(() => mergeTimeline(older.entries, live, OLDER_LIMIT + live.length), [older.entries, live]);
  const actors = useMemo(() => [...new Set(all.map((entry) => entry.actor))].sort(), [all]);
  const rows = useMemo(() => {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const result: Row[] = [];
    let day = "";
    for (const entry of all) {
      if (!(group === "talk" || isNews(entry)) || !belongs(entry, group) || (actor && entry.actor !== actor && entry.entity !== `session/${actor}`)) continue;
      if (wanted.length) {
        const { phrase, words: said } = describe(entry);
        const text = `${entry.actor} ${phrase} ${entry.entity} ${said ?? ""}`.toLowerCase();
        if (!wanted.every((word) => text.includes(word))) continue;
      }
      const label = dayOf(entry.at, minute);
      if (label !== day) result.push({ kind: "day", key: `day ${label}`, label });
      day = label;
      result.push({ kind: "entry", key: entry.id, entry });
    }
    return result;
  }, [all, group, actor, words, minute]);
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length, getScrollElement: () => scroll.current, overscan: 12, estimateSize: (index) => (rows[index]?.kind === "day" ? 36 : 44),
    getItemKey: (index) => rows[index]?.key ?? index,
  });

  async function loadOlder() {
    setOlder((was) => ({ ...was, busy: true }));
    const reply = await query("event", "list", { limit: PAGE, ...(older.cursor ? { cursor: older.cursor } : {}) });
    const page = reply.success ? (reply.data as { items: TimelineEntry[]; nextCursor?: string }) : null;
    setOlder((was) => page
      ? { entries: mergeTimeline(was.entries, page.items, OLDER_LIMIT), cursor: page.nextCursor ?? null, busy: false }
      : { ...was, busy: false });
  }

  return (
    <div className="timeline-view">
      <div className="view-head">
        <Search label="Filter the timeline" placeholder="Filter what happened" value={words} onChange={setWords} />
        <div className="segments" role="group" aria-label="What is shown">
          {GROUPS.map((each) => <button key={each} type="button" aria-pressed={group === each} onClick={() => setGroup(each)}>{GROUP_LABEL[each]}</button>)}
        </div>
        <label className="pick"><span className="hidden">Who</span>
          <select value={actor} onChange={(event) => setActor(event.target.value)}>
            <option value="">Everybody</option>
            {actors.map((each) => <option key={each} value={each}>{each}{sessions.get(each) ? ` · ${sessions.get(each)?.name}` : ""}</option>)}
          </select>
        </label>
      </div>
      {!loaded && <Skeleton />}
      {loaded && rows.length === 0 && <Empty icon="timeline" title={all.length ? "Nothing matches" : "Nothing happened yet"}><p>{all.length ? "Loosen the filter, or load older entries." : "Everything that happens appears here, the moment it does."}</p></Empty>}
      <div ref={scroll} className="timeline-scroll" tabIndex={0} aria-label="What happened, the newest first" role="log" aria-live="off">
        <ol className="entries" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return row && (
              <li key={item.key} ref={virtual.measureElement} data-index={item.index} style={{ transform: `translateY(${item.start}px)` }}>
                {row.kind === "day" ? <h2 className="day">{row.label}</h2> : <Entry entry={row.entry} />}
              </li>
            );
          })}
        </ol>
        {loaded && older.cursor !== null && all.length > 0 && (
          <button type="button" className="button quiet older" disabled={older.busy} onClick={() => void loadOlder()}>{older.busy ? "Loading…" : "Load older entries"}</button>
        )}
      </div>
    </div>
  );
}
