// What a session changed in its worktree, file by file.

import { useEffect, useState } from "react";
import { linesOf, type Diff, type FileChange } from "../../model/diff";
import type { Session } from "../../model/entity";
import { ask } from "../../store/store";
import { useStore } from "../../store/state";
import { Empty } from "../part/Empty";
import { Icon } from "../part/Icon";

/** Lines of a file that are drawn before it is asked for more. */
const SHOWN = 400;
/** Files that are open at the beginning. */
const OPEN = 8;

type Loaded = { state: "loading" } | { state: "failed"; why: string; hint: string | undefined } | { state: "ready"; diff: Diff };

export default function Changes({ session }: { session: Session }) {
  const connected = useStore((state) => state.link.state === "connected");
  const [loaded, setLoaded] = useState<Loaded>({ state: "loading" });
  const [asked, setAsked] = useState(0);
  const { id, node, updatedAt } = session;
  useEffect(() => {
    if (!connected || !node) return;
    let current = true;
    void ask({ type: "diff", session: id, node }).then((reply) => {
      if (!current) return;
      setLoaded(reply.success ? { state: "ready", diff: reply.data as Diff } : { state: "failed", why: reply.message, hint: reply.suggestion });
    });
    return () => { current = false; };
    // Asked again when something happened to the session, or by the button.
  }, [id, node, connected, updatedAt, asked]);
  if (!node) return <Empty icon="board" title="No changes yet"><p>The session has no host yet, and so no files.</p></Empty>;
  if (loaded.state === "loading") return <p className="changes-note" role="status">Asking {node} for the changes…</p>;
  if (loaded.state === "failed") {
    return <Empty icon="board" title="No changes to show"><p>{loaded.why}</p>{loaded.hint && <p className="faint">{loaded.hint}</p>}<button type="button" className="button" onClick={() => setAsked(asked + 1)}>Ask again</button></Empty>;
  }
  const { diff } = loaded;
  const total = [...diff.files, ...diff.uncommitted];
  const sum = (key: "added" | "removed") => total.reduce((all, file) => all + file[key], 0);
  return (
    <div className="changes" tabIndex={0} aria-label={`What ${session.name} changed`}>
      <div className="changes-head">
        <span><code>{diff.branch}</code> <span className="faint">from</span> <code>{diff.base}</code></span>
        <span className="faint">{total.length} files</span><Counts added={sum("added")} removed={sum("removed")} />
        {diff.merged && <span className="chip tone-completed">merged</span>}{diff.pushed && <span className="chip">pushed</span>}
        <span className="spring" /><button type="button" className="button small" onClick={() => setAsked(asked + 1)}><Icon name="restart" />Look again</button>
      </div>
      {diff.truncated && <p className="changes-note">There is more than is shown here; the worktree is {diff.path}.</p>}
      {total.length === 0 && diff.commits.length === 0 && <Empty icon="board" title="Nothing is changed"><p>The worktree is as it began.</p></Empty>}
      {diff.commits.length > 0 && (
        <ol className="commits" aria-label="Commits, the newest first">{diff.commits.map((commit) => <li key={commit.id}><code>{commit.id.slice(0, 9)}</code>{commit.subject}</li>)}</ol>
      )}
      <Files title="Not committed" files={diff.uncommitted} />
      <Files title={diff.uncommitted.length ? "Committed" : ""} files={diff.files} />
    </div>
  );
}

function Files({ title, files }: { title: string; files: readonly FileChange[] }) {
  if (!files.length) return null;
  return (
    <>
      {title && <h3>{title}</h3>}
      {files.map((file, index) => <File key={file.path} file={file} first={index < OPEN} />)}
    </>
  );
}

const Counts = ({ added, removed }: { added: number; removed: number }) => (
  <span className="counts"><span className="plus">+{added}</span> <span className="minus">−{removed}</span></span>
);

function File({ file, first }: { file: FileChange; first: boolean }) {
  const [open, setOpen] = useState(first);
  const [all, setAll] = useState(false);
  const lines = open && file.patch ? linesOf(file.patch) : [];
  return (
    <section className="change">
      <button type="button" className="change-head" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="chevron" /><span className="change-path">{file.from && <span className="faint">{file.from} → </span>}{file.path}</span>
        <span className="faint">{file.status.replaceAll("_", " ")}</span><span className="spring" /><Counts added={file.added} removed={file.removed} />
      </button>
      {open && (lines.length === 0
        ? <p className="changes-note">{file.binary ? "A binary file." : file.truncated ? "Too long to be shown here." : "No lines to show."}</p>
        : (
          <div className="patch">
            {(all ? lines : lines.slice(0, SHOWN)).map((line, index) => (
              <div key={index} className={`patch-line patch-${line.kind}`}>
                <span className="patch-number" aria-hidden="true">{line.old ?? ""}</span><span className="patch-number" aria-hidden="true">{line.new ?? ""}</span>
                <span className="patch-sign">{line.kind === "added" ? "+" : line.kind === "removed" ? "-" : " "}</span><code>{line.text}</code>
              </div>
            ))}
            {!all && lines.length > SHOWN && <button type="button" className="button quiet" onClick={() => setAll(true)}>Show {lines.length - SHOWN} more lines</button>}
            {file.truncated && <p className="changes-note">The rest is too long to be shown here.</p>}
          </div>
        ))}
    </section>
  );
}
