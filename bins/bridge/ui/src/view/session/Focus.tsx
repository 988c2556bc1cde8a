import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { statusLabel } from "../../model/describe";
import { isLiving, type Session, type TimelineEntry } from "../../model/entity";
import { mergeTimeline } from "../../feed/feed";
import { openDialog, openSession } from "../../store/navigate";
import { command, query } from "../../store/store";
import { useStore } from "../../store/state";
import { Empty } from "../part/Empty";
import { Icon } from "../part/Icon";
import { TaskRef, Who } from "../part/Ref";
import { Chip } from "../part/Status";
import { Time } from "../part/Time";
import { Entry } from "../timeline/Entry";
import { Say } from "./Say";

const LiveTerminal = lazy(() => import("./LiveTerminal"));
const Replay = lazy(() => import("./Replay"));
const Changes = lazy(() => import("./Changes"));

type Shown = "terminal" | "replay" | "changes";
const ENTRIES = 100;
const LEAVING = "Ctrl ] leaves the terminal";

/** One session: its terminal, what it says, what is said to it. */
export function Focus({ id }: { id: string }) {
  const session = useStore((state) => state.feed.sessions.get(id));
  const terminals = useStore((state) => state.terminals);
  const [typing, setTyping] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);
  const [sure, setSure] = useState<"stop" | "restart" | null>(null);
  const [shown, setShown] = useState<Shown>("terminal");
  const project = useStore((state) => state.feed.project);
  if (!session) {
    return <Empty icon="sessions" title={`There is no session ${id}`}><button type="button" className="button" onClick={() => openSession(null)}>All sessions</button></Empty>;
  }
  const living = isLiving(session.status);
  const again = (verb: "resume" | "restart", label: string) => void command({ entity: "session", verb, data: { session: id }, label: `${label} ${id}` });
  /** Twice, so that nothing ends by a slip. */
  const surely = (what: "stop" | "restart") => {
    if (sure !== what) {
      setSure(what);
      window.setTimeout(() => setSure(null), 4000);
      return;
    }
    setSure(null);
    if (what === "restart") again("restart", "Restart");
    else void command({ entity: "session", verb: "stop", data: { session: id }, label: `Stop ${id}` });
  };
  const views: [Shown, string][] = [["terminal", "Terminal"], ...(living || !session.node ? [] : [["replay", "Replay"] as [Shown, string]]), ["changes", "Changes"]];
  return (
    <div className="focus">
      <div className="focus-head">
        <button type="button" className="button quiet" onClick={() => openSession(null)}><Icon name="chevron" />All sessions</button>
        <h2>{session.name}</h2><span className="id">{id}</span><Chip status={session.status} />
        <span className="spring" />
        {terminals && living && typing && shown === "terminal" && <span className="hint focus-hint">{LEAVING}</span>}
        {terminals && living && shown === "terminal" && (
          <button ref={toggle} type="button" className={`button ${typing ? "primary" : ""}`} aria-pressed={typing} title={typing ? LEAVING : undefined} onClick={() => setTyping(!typing)}><Icon name="terminal" />{typing ? "Typing" : "Type into it"}</button>
        )}
        {!living && <button type="button" className="button" title="Goes on where it was, if its agent can" onClick={() => again("resume", "Resume")}><Icon name="play" />Resume</button>}
        {!living && <button type="button" className="button" title="Begins again with its prompt" onClick={() => again("restart", "Restart")}><Icon name="restart" />Restart</button>}
        {!living && <button type="button" className="button quiet" onClick={() => openDialog({ kind: "launch", role: "worker", ...(session.tasks?.[0] ? { task: session.tasks[0] } : {}) })}><Icon name="launch" />Launch another</button>}
        {living && session.status !== "requested" && <button type="button" className="button" disabled={!!session.stop} title="Ends it, and begins again with its prompt" onClick={() => surely("restart")}><Icon name="restart" />{sure === "restart" ? "Really restart?" : "Restart"}</button>}
        {living && <button type="button" className="button danger" disabled={!!session.stop} onClick={() => surely("stop")}><Icon name="stop" />{session.stop ? "Stopping…" : sure === "stop" ? "Really stop?" : "Stop"}</button>}
      </div>
      <div className="focus-body">
        <div className="focus-main">
          {session.status === "needs_input" && (
            <div className="callout tone-needs_input"><Icon name="needs_input" /><div><strong>It asks{session.input === "permission" ? " for permission" : ""}</strong><p>{session.question}</p></div></div>
          )}
          {session.status === "requested" && <div className="callout tone-requested"><Icon name="requested" /><div><strong>Waiting for a host</strong><p>{session.pending ?? `No spawner of the pool ${session.pool} has taken it yet.`}</p></div></div>}
          <div className="segments focus-views" role="group" aria-label="What is shown">
            {views.map(([each, label]) => <button key={each} type="button" aria-pressed={shown === each} onClick={() => setShown(each)}>{label}</button>)}
          </div>
          <Suspense fallback={<div className="terminal" />}>
            {shown === "changes" ? <Changes session={session} />
              : !terminals ? <Empty icon="terminal" title="No terminals here"><p>This bridge has no connection for terminals; its log says why.</p></Empty>
              : !living && !session.node ? <Empty icon="terminal" title="It never ran"><p>It ended before a host took it, so there is nothing to look at.</p></Empty>
              : shown === "replay" && !living && project ? <Replay key={session.epoch} project={project} session={id} epoch={session.epoch} />
              : <LiveTerminal key={session.epoch} session={id} status={session.status} epoch={session.epoch} typing={typing} onLeave={() => toggle.current?.focus()} />}
          </Suspense>
          {living && <Say session={session} />}
        </div>
        <Aside session={session} />
      </div>
    </div>
  );
}

function Aside({ session }: { session: Session }) {
  const live = useStore((state) => state.feed.timeline);
  const connected = useStore((state) => state.link.state === "connected");
  const [older, setOlder] = useState<readonly TimelineEntry[]>([]);
  useEffect(() => {
    if (!connected) return;
    let current = true;
    void query("event", "list", { entity: `session/${session.id}`, limit: ENTRIES }).then((reply) => {
      if (current && reply.success) setOlder((reply.data as { items: TimelineEntry[] }).items);
    });
    return () => { current = false; };
  }, [session.id, connected]);
  const entries = useMemo(() => {
    const about = live.filter((entry) => entry.entity === `session/${session.id}` || entry.actor === session.id || (entry.kind === "queued" && entry["to"] === session.id));
    return mergeTimeline(older, about, ENTRIES * 2).filter((entry) => !entry.entity.startsWith("message/") || entry.kind === "queued");
  }, [live, older, session.id]);
  return (
    <aside className="focus-aside" aria-label="About this session">
      <dl className="facts">
        <dt>Agent</dt><dd>{session.agent}{session.model ? ` · ${session.model}` : ""}</dd>
        <dt>Role</dt><dd>{session.role}</dd>
        {(session.tasks?.length ?? 0) > 0 && <><dt>Tasks</dt><dd className="refs">{session.tasks?.map((task) => <TaskRef key={task} id={task} titled />)}</dd></>}
        <dt>Spawned by</dt><dd><Who actor={session.parent} /></dd>
        {session.node && <><dt>Host</dt><dd>{session.node}</dd></>}
        {session.workspace && <><dt>Workspace</dt><dd><code>{session.workspace}</code></dd></>}
        <dt>Epoch</dt><dd>{session.epoch}{session.restarts > 0 ? `, ${session.restarts} restarts` : ""}</dd>
        <dt>Since</dt><dd><Time at={session.createdAt} /></dd>
        {!isLiving(session.status) && <><dt>Ended</dt><dd>{statusLabel(session.status)}, <Time at={session.updatedAt} /></dd></>}
      </dl>
      <h3>Timeline</h3>
      <ol className="entries">{entries.map((entry) => <li key={entry.id}><Entry entry={entry} bare={entry.actor === session.id && entry.entity.startsWith("session/")} /></li>)}</ol>
    </aside>
  );
}
