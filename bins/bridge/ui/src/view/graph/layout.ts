// Places for the graph: dependencies flow from left to right.

import dagre from "@dagrejs/dagre";
import type { Task } from "../../model/entity";

export const NODE = { width: 232, height: 80 };
/** More are not legible; the filter narrows. */
export const NODE_LIMIT = 400;

export interface Placed {
  id: string;
  x: number;
  y: number;
}

export interface Shape {
  nodes: string[];
  edges: [from: string, to: string][];
}

/** Tasks that are bound to others; the lonely ones only when wanted. */
export function shapeOf(tasks: readonly Task[], lonely: boolean): Shape {
  const known = new Set(tasks.map((task) => task.id));
  const edges: [string, string][] = [];
  for (const task of tasks) for (const id of task.dependsOn ?? []) if (known.has(id)) edges.push([id, task.id]);
  const bound = new Set(edges.flat());
  return { nodes: tasks.filter((task) => lonely || bound.has(task.id)).map((task) => task.id), edges };
}

export function place({ nodes, edges }: Shape): Placed[] {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 56, marginx: 24, marginy: 24 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of nodes) graph.setNode(id, { ...NODE });
  for (const [from, to] of edges) graph.setEdge(from, to);
  dagre.layout(graph);
  return nodes.map((id) => {
    const { x, y } = graph.node(id) as { x: number; y: number };
    return { id, x: x - NODE.width / 2, y: y - NODE.height / 2 };
  });
}
