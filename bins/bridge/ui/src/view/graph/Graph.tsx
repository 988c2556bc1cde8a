import { Background, Controls, Handle, MarkerType, MiniMap, Position, ReactFlow, useReactFlow, type Edge, type Node, type NodeProps } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useEffect, useMemo, useRef, useState } from "react";
import { progress } from "../../model/derive";
import { statusLabel } from "../../model/describe";
import { matches, parseFilter } from "../../model/filter";
import { idNumber, type Task } from "../../model/entity";
import { openDialog, openTask } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Empty, Skeleton } from "../part/Empty";
import { Icon } from "../part/Icon";
import { Search } from "../part/Search";
import { Steps } from "../part/Status";
import { NODE, NODE_LIMIT, place, shapeOf } from "./layout";

type TaskNode = Node<{ task: Task }, "task">;

function TaskBox({ data: { task } }: NodeProps<TaskNode>) {
  return (
    <div className={`node tone-${task.status}`} data-task={task.id}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <div className="node-head"><Icon name={task.status} label={statusLabel(task.status)} /><span className="id">{task.id}</span><span className="node-status">{statusLabel(task.status)}</span><span className="spring" />{task.claim && <span className="who">{task.claim.actor}</span>}</div>
      <p className="node-title">{task.title}</p>
      <Steps {...progress(task)} />
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

/** Known beforehand: nothing needs to be measured, however often a status changes. */
const HANDLES = [
  { type: "target" as const, position: Position.Left, x: 0, y: NODE.height / 2, width: 1, height: 1 },
  { type: "source" as const, position: Position.Right, x: NODE.width, y: NODE.height / 2, width: 1, height: 1 },
];
const TYPES = { task: TaskBox };

const FIT = { maxZoom: 1.1, padding: 0.12 };

/** All of it stays in sight when the window, or a phone that is turned, gets another width. */
function Refit() {
  const { fitView } = useReactFlow();
  const mark = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const place = mark.current?.closest(".graph");
    if (!place) return;
    let width = place.clientWidth;
    const observer = new ResizeObserver(() => {
      if (place.clientWidth === width) return;
      width = place.clientWidth;
      void fitView(FIT);
    });
    observer.observe(place);
    return () => observer.disconnect();
  }, [fitView]);
  return <span ref={mark} hidden />;
}

export default function Graph() {
  const tasks = useStore((state) => state.feed.tasks);
  const loaded = useStore((state) => state.feed.seq !== null);
  const [words, setWords] = useState("");
  const [finished, setFinished] = useState(true);
  const [lonely, setLonely] = useState(false);
  const shown = useMemo(() => {
    const filter = parseFilter(words);
    return [...tasks.values()]
      .filter((task) => task.status !== "cancelled" && (finished || task.status !== "completed") && matches(task, filter))
      .sort((a, b) => idNumber(a.id) - idNumber(b.id));
  }, [tasks, words, finished]);
  const full = useMemo(() => shapeOf(shown, lonely), [shown, lonely]);
  // Places change with the shape only: a status that changes moves nothing.
  const key = JSON.stringify(full.nodes.length > NODE_LIMIT ? "too many" : full);
  const places = useMemo(() => (full.nodes.length > NODE_LIMIT ? [] : place(full)), [key]);
  const nodes = useMemo<TaskNode[]>(() => places.flatMap(({ id, x, y }) => {
    const task = tasks.get(id);
    return task ? [{ id, type: "task" as const, position: { x, y }, data: { task }, ...NODE, measured: NODE, handles: HANDLES, ariaLabel: `${id}, ${statusLabel(task.status)}: ${task.title}` }] : [];
  }), [places, tasks]);
  const edges = useMemo<Edge[]>(() => full.edges.map(([source, target]) => {
    const done = tasks.get(source)?.status === "completed";
    const live = tasks.get(target)?.status === "in_progress";
    return { id: `${source} ${target}`, source, target, className: `edge ${done ? "edge-done" : "edge-open"} ${live ? "edge-live" : ""}`, markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16, color: "var(--line-strong)" } };
  }), [full, tasks]);
  if (!loaded) return <Skeleton />;
  return (
    <div className="graph-view">
      <div className="view-head">
        <Search label="Filter the graph" placeholder="Filter: words, label:ui, status:pending" value={words} onChange={setWords} />
        <label className="check"><input type="checkbox" checked={finished} onChange={(event) => setFinished(event.target.checked)} />Completed</label>
        <label className="check"><input type="checkbox" checked={lonely} onChange={(event) => setLonely(event.target.checked)} />Without dependencies</label>
        <span className="faint">{full.nodes.length} tasks, {full.edges.length} dependencies</span>
      </div>
      {full.nodes.length > NODE_LIMIT && <Empty icon="graph" title={`${full.nodes.length} tasks are too many to read`}><p>Narrow them with the filter: {NODE_LIMIT} are drawn at most.</p></Empty>}
      {full.nodes.length === 0 && (
        <Empty icon="graph" title="No dependencies here">
          <p>A task that depends on another is drawn behind it. Say what depends on what in a task's drawer, or</p>
          <pre><code>maestro task depend t2 --on t1</code></pre>
          <button type="button" className="button" onClick={() => openDialog({ kind: "new_task" })}>New task</button>
        </Empty>
      )}
      {nodes.length > 0 && (
        <div className="graph" key={key}>
          <ReactFlow
            nodes={nodes} edges={edges} nodeTypes={TYPES} fitView fitViewOptions={FIT} minZoom={0.1} maxZoom={2}
            nodesDraggable={false} nodesConnectable={false} edgesFocusable={false} deleteKeyCode={null}
            onNodeClick={(_, node) => openTask(node.id)} onlyRenderVisibleElements={nodes.length > 120}
          >
            <Refit />
            <Background gap={22} size={1} />
            <Controls showInteractive={false} />
            <MiniMap pannable zoomable className="minimap" nodeClassName={(node) => `mini tone-${(node as TaskNode).data.task.status}`} />
          </ReactFlow>
        </div>
      )}
    </div>
  );
}
