import { useEffect, useRef, useState } from "react";
import type { Task, TaskDetail } from "../model/entity";
import { progress, statusLabel } from "../model/describe";
import { closeTask, openTask, query, useStore } from "../store/store";
import { Icon } from "./Icon";
import { TaskActions } from "./TaskActions";
import { Time } from "./Time";
import { Entry } from "./Timeline";

/** One task with its long texts, which are asked for whenever the task changed. */
export function TaskDrawer({ id }: { id: string }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const task = useStore((state) => state.feed.tasks.get(id));
  const loaded = useStore((state) => state.feed.seq !== null);
  const connected = useStore((state) => state.link.state === "connected");
  const [detail, setDetail] = useState<TaskDetail | null>(null);
  const rev = task?.rev;

  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => element?.close();
  }, []);

  useEffect(() => {
    if (!connected || rev === undefined) return;
    let current = true;
    // A burst of changes asks once.
    const timer = window.setTimeout(() => {
      void query("task", "get", { task: id, timeline: 50 }).then((reply) => {
        if (current && reply.success) setDetail(reply.data as TaskDetail);
      });
    }, 60);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [id, rev, connected]);

  return (
    <dialog
      ref={dialog} className="drawer" aria-labelledby="drawer-title"
      onCancel={(event) => { event.preventDefault(); closeTask(); }}
      onClick={(event) => { if (event.target === dialog.current) closeTask(); }}
    >
      <div className="drawer-body">
        <div className="drawer-head">
          <span className="id">{id}</span>
          {task && <span className={`chip tone-${task.status}`}><Icon name={task.status} />{statusLabel(task.status)}</span>}
          {task && task.priority !== "medium" && <span className={`priority priority-${task.priority}`}>{task.priority}</span>}
          <span className="spring" />
          <button type="button" className="button icon-only" aria-label="Close" onClick={closeTask}><Icon name="close" /></button>
        </div>
        {task ? <Body task={task} detail={detail} /> : <h2 id="drawer-title">{loaded ? `There is no task ${id}` : "Loading…"}</h2>}
      </div>
    </dialog>
  );
}

function Body({ task, detail }: { task: Task; detail: TaskDetail | null }) {
  const { completed, total } = progress(task);
  const live = useStore((state) => state.feed.timeline);
  const tasks = useStore((state) => state.feed.tasks);
  // What came since the answer is in the live timeline already.
  const known = new Set(detail?.timeline?.map((entry) => entry.id));
  const fresh = live.filter((entry) => entry.entity === `task/${task.id}` && !known.has(entry.id));
  const timeline = [...fresh, ...(detail?.timeline ?? []).toReversed()].sort((a, b) => b.seq - a.seq);
  return (
    <>
      <h2 id="drawer-title">{task.title}</h2>
      {task.status === "blocked" && (
        <div className="callout tone-blocked"><Icon name="blocked" /><div><strong>Blocked</strong><p>{task.blockedReason}</p></div></div>
      )}
      <TaskActions task={task} />
      <dl className="facts">
        {task.claim && <><dt>Held by</dt><dd><span className="holder">{task.claim.actor}</span>{task.claim.since && <> since <Time at={task.claim.since} /></>}</dd></>}
        {!task.claim && task.assignment && <><dt>Given to</dt><dd><span className="holder">{task.assignment.session}</span></dd></>}
        {task.labels && task.labels.length > 0 && <><dt>Labels</dt><dd>{task.labels.map((label) => <span key={label} className="label">{label}</span>)}</dd></>}
        {task.dependsOn && task.dependsOn.length > 0 && (
          <><dt>Depends on</dt><dd className="refs">{task.dependsOn.map((id) => (
            <button key={id} type="button" className="ref" title={tasks.get(id)?.title} onClick={() => openTask(id)}>
              <Icon name={tasks.get(id)?.status ?? "pending"} label={statusLabel(tasks.get(id)?.status ?? "pending")} />{id}
            </button>))}</dd></>
        )}
        <dt>Created</dt><dd>by {task.createdBy}, <Time at={task.createdAt} /></dd>
      </dl>
      <Text title="Summary" text={detail?.summary} />
      <Text title="Description" text={detail?.description} />
      {detail?.acceptance && detail.acceptance.length > 0 && (
        <section className="part"><h3>Acceptance criteria</h3><ul className="criteria">{detail.acceptance.map((each, i) => <li key={i}>{each}</li>)}</ul></section>
      )}
      <Text title="Technical notes" text={detail?.technicalNotes} />
      {total > 0 && (
        <section className="part">
          <h3>Steps <span className="count">{completed}/{total}</span></h3>
          <progress className="wide" value={completed} max={total} aria-label="Steps done" />
          <ul className="steps-list">
            {task.subtasks?.map((each) => (
              <li key={each.id} className={each.completed ? "done" : ""}>
                <Icon name={each.completed ? "completed" : "pending"} label={each.completed ? "Done" : "Open"} /><span>{each.title}</span>
                {each.completedBy && <span className="id">{each.completedBy}</span>}
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className="part">
        <h3>Timeline</h3>
        <ol className="entries">{timeline.map((entry) => <Entry key={entry.id} entry={entry} bare />)}</ol>
      </section>
    </>
  );
}

function Text({ title, text }: { title: string; text?: string | undefined }) {
  return text ? <section className="part"><h3>{title}</h3><p className="prose">{text}</p></section> : null;
}
