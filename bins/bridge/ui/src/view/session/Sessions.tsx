import { useMemo, useState } from "react";
import { workers } from "../../model/derive";
import { idNumber, isLiving, type Session } from "../../model/entity";
import { openDialog } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Empty, Skeleton } from "../part/Empty";
import { Icon } from "../part/Icon";
import { Focus } from "./Focus";
import { Tile } from "./Tile";

const ENDED = 60;

/** Every agent as a tile; one of them in focus, live. */
export function Sessions() {
  const groups = useStore((state) => state.feed.groups);
  const sessions = useStore((state) => state.feed.sessions);
  const loaded = useStore((state) => state.feed.seq !== null);
  const focus = useStore((state) => state.route.session);
  const [past, setPast] = useState(false);
  const living = useMemo(() => workers(groups, sessions), [groups, sessions]);
  const ended = useMemo<Session[]>(() => [...sessions.values()].filter((each) => !isLiving(each.status))
    .sort((a, b) => b.updatedAt.localeCompare(a.updatedAt) || idNumber(b.id) - idNumber(a.id)), [sessions]);
  if (!loaded) return <Skeleton />;
  if (focus) return <Focus key={focus} id={focus} />;
  return (
    <div className="sessions-view">
      <div className="view-head">
        <span className="faint">{living.length} running, {ended.length} ended</span>
        <span className="spring" />
        <button type="button" className="button" onClick={() => openDialog({ kind: "launch", role: "worker" })}><Icon name="launch" />Launch an agent</button>
      </div>
      <div className="sessions-scroll">
        {living.length === 0 && (
          <Empty icon="sessions" title="No agent runs">
            <p>Launch one here, or start a worker on a task:</p><pre><code>maestro session spawn --task t1</code></pre>
          </Empty>
        )}
        <ul className="tiles">{living.map(({ session, tasks: held }) => <Tile key={session.id} session={session} tasks={held} />)}</ul>
        {ended.length > 0 && (
          <>
            <button type="button" className="button quiet" aria-expanded={past} onClick={() => setPast(!past)}><Icon name="chevron" />{ended.length} ended</button>
            {past && <ul className="tiles tiles-ended">{ended.slice(0, ENDED).map((session) => <Tile key={session.id} session={session} tasks={[]} />)}</ul>}
          </>
        )}
      </div>
    </div>
  );
}
