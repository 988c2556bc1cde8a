// A patch in git's format as rows of old and new lines.

export interface FileChange {
  path: string;
  from?: string;
  status: string;
  added: number;
  removed: number;
  binary?: boolean;
  patch?: string;
  truncated?: boolean;
}

/** What a session did in its worktree, as its spawner tells it. */
export interface Diff {
  branch: string;
  base: string;
  path: string;
  ahead: number;
  dirty: number;
  merged: boolean;
  pushed: boolean;
  running: boolean;
  commits: { id: string; subject: string }[];
  files: FileChange[];
  uncommitted: FileChange[];
  truncated?: boolean;
}

export interface Line {
  kind: "hunk" | "same" | "added" | "removed" | "note";
  text: string;
  old?: number;
  new?: number;
}

/** The lines of a patch with their numbers; its head, which repeats the file's name, is left out. */
export function linesOf(patch: string): Line[] {
  const lines: Line[] = [];
  let [before, after] = [0, 0];
  let inside = false;
  for (const text of patch.replace(/\n$/, "").split("\n")) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text);
    if (hunk) {
      inside = true;
      [before, after] = [Number(hunk[1]), Number(hunk[2])];
      lines.push({ kind: "hunk", text });
    } else if (!inside) continue;
    else if (text.startsWith("+")) lines.push({ kind: "added", text: text.slice(1), new: after++ });
    else if (text.startsWith("-")) lines.push({ kind: "removed", text: text.slice(1), old: before++ });
    else if (text.startsWith("\\")) lines.push({ kind: "note", text: text.slice(2) });
    else lines.push({ kind: "same", text: text.slice(1), old: before++, new: after++ });
  }
  return lines;
}
