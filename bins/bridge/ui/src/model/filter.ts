// The words of a search: `status:blocked label:ui priority:high by:s3 parser` narrows, and every word must hold.

import type { Task } from "./entity";

export interface Filter {
  words: string[];
  status: string[];
  label: string[];
  priority: string[];
  by: string[];
}

const FIELDS: Record<string, keyof Omit<Filter, "words">> = {
  status: "status", is: "status", label: "label", priority: "priority", p: "priority", by: "by", holder: "by",
};

export function parseFilter(text: string): Filter {
  const filter: Filter = { words: [], status: [], label: [], priority: [], by: [] };
  for (const word of text.toLowerCase().split(/\s+/).filter(Boolean)) {
    const [name = "", value] = word.split(/:(.*)/s);
    const field = value ? FIELDS[name] : undefined;
    if (field && value) filter[field].push(value.replaceAll("-", "_"));
    else filter.words.push(word);
  }
  return filter;
}

export const isEmpty = (filter: Filter): boolean => Object.values(filter).every((each) => each.length === 0);

export function matches(task: Task, filter: Filter): boolean {
  const any = (wanted: string[], found: (string | undefined)[]) =>
    !wanted.length || wanted.some((each) => found.some((value) => value?.toLowerCase().replaceAll("-", "_").startsWith(each)));
  if (!any(filter.status, [task.status]) || !any(filter.priority, [task.priority])) return false;
  if (!any(filter.label, task.labels ?? []) || !any(filter.by, [task.claim?.actor, task.assignment?.session, task.createdBy])) return false;
  if (!filter.words.length) return true;
  const text = textOf(task);
  return filter.words.every((word) => text.includes(word));
}

/** Made once a task, however often somebody types. */
const texts = new WeakMap<Task, string>();

function textOf(task: Task): string {
  let text = texts.get(task);
  if (text === undefined) {
    text = `${task.id} ${task.title} ${(task.labels ?? []).join(" ")} ${task.claim?.actor ?? ""} ${(task.subtasks ?? []).map((each) => each.title).join(" ")}`.toLowerCase();
    texts.set(task, text);
  }
  return text;
}
