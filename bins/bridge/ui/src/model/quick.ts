// A task in one line of text.

import type { Priority } from "./entity";

const MARKS: Record<string, Priority> = { "!!!": "critical", "!!": "high", "!": "medium", "!low": "low" };

/** `Fix the parser #ui !!`: labels and priority stand in the line. */
export function parseQuick(text: string): { title: string; labels: string[]; priority?: Priority } {
  const labels: string[] = [];
  let priority: Priority | undefined;
  const words = text.trim().split(/\s+/).filter((word) => {
    const label = word.match(/^#([a-z0-9][a-z0-9_:/.-]{0,47})$/i)?.[1];
    if (label) labels.push(label.toLowerCase());
    else if (MARKS[word]) priority = MARKS[word];
    else return true;
    return false;
  });
  return { title: words.join(" "), labels, ...(priority ? { priority } : {}) };
}
