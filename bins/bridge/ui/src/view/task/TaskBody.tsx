import { useMemo } from "react";
import { mergeTimeline } from "../../feed/feed";
import type { Task, TaskDetail, TimelineEntry } from "../../model/entity";
import { openDialog } from "../../store/navigate";
import { command } from "../../store/store";
import { useStore } from "../../store/state";
import { Icon } from "../part/Icon";
import { Prose } from "../part/Prose";
import { Who } from "../part/Ref";
import { PriorityMark } from "../part/Status";
import { Time } from "../part/Time";
import { Entry } from "../timeline/Entry";
import { Dependencies } from "./Dependencies";
import { StepsPart } from "./StepsPart";
import { TaskActions } from "./TaskActions";

export function TaskBody({ task, detail }: { task: Task; detail: TaskDetail | null }) {
  const live = useStore((state) => state.feed.timeline);
  const outbox = useStore((state) => state.outbox);
  const pending = outbox.filter((entry) => entry.data["task"] === task.id && entry.state !== "failed");
  const timeline = useMemo(() => {
    // What came since the answer is in the live timeline already. Messages about the task belong to it too.
    const fresh = live.filter((entry) => entry.entity === `task/${task.id}` || (entry.kind === "queued" && entry["task"] === task.id));
    return mergeTimeline(((detail?.timeline ?? []) as TimelineEntry[]).toReversed(), fresh, 400);
  }, [live, detail, task.id]);
  return (
    <>
      <h2 className="drawer-title">{task.title}</h2>
      {task.status === "blocked" && <div className="callout tone-blocked"><Icon name="blocked" /><div><strong>Blocked</strong> <Time at={task.blockedAt} /><p>{task.blockedReason}</p></div></div>}
      {pending.length > 0 && <div className="callout tone-needs_input" role="status"><Icon name="outbox" /><div><strong>Pending</strong><p>{pending.map((entry) => entry.label).join(", ")}: not acknowledged yet.</p></div></div>}
      <TaskActions task={task} />
      <dl className="facts">
        <dt>Priority</dt><dd><PriorityMark priority={task.priority} word /></dd>
        {task.claim && <><dt>Held by</dt><dd><Who actor={task.claim.actor} /> since <Time at={task.claim.since} /></dd></>}
        {!task.claim && task.assignment && <><dt>Given to</dt><dd><Who actor={task.assignment.session} /> by <Who actor={task.assignment.by} /></dd></>}
        {!task.claim && !task.assignment && (task.status === "pending" || task.status === "in_progress") && (
          <><dt>Held by</dt><dd>nobody <button type="button" className="button small" onClick={() => openDialog({ kind: "launch", role: "worker", task: task.id })}><Icon name="launch" />Launch a worker</button></dd></>
        )}
        {task.labels && task.labels.length > 0 && <><dt>Labels</dt><dd>{task.labels.map((label) => <span key={label} className="label">{label}</span>)}</dd></>}
        <dt>Created</dt><dd><Time at={task.createdAt} /> by <Who actor={task.createdBy} /></dd>
        {task.status === "completed" && <><dt>Completed</dt><dd><Time at={task.completedAt} /> by <Who actor={task.completedBy} /></dd></>}
      </dl>
      <Text title="Summary" text={detail?.summary} />
      <Text title="Late report" text={detail?.lateReport} />
      <Text title="Description" text={detail?.description} />
      {detail?.acceptance && detail.acceptance.length > 0 && (
        <section className="part"><h3>Acceptance criteria</h3><ul className="criteria">{detail.acceptance.map((each, i) => <li key={i}>{each}</li>)}</ul></section>
      )}
      <Text title="Technical notes" text={detail?.technicalNotes} />
      <StepsPart task={task} />
      <Dependencies task={task} dependants={detail?.dependants ?? []} />
      <section className="part">
        <h3>Timeline</h3>
        <ol className="entries">{timeline.map((entry) => <li key={entry.id}><Entry entry={entry} bare={entry.entity.startsWith("task/")} /></li>)}</ol>
      </section>
      <section className="part part-danger">
        <button type="button" className="button quiet danger" onClick={() => void command({ entity: "task", verb: "delete", data: { task: task.id }, label: `Delete ${task.id}`, force: true })}><Icon name="trash" />Delete this task and its steps</button>
      </section>
    </>
  );
}

const Text = ({ title, text }: { title: string; text?: string | undefined }) =>
  text ? <section className="part"><h3>{title}</h3><Prose text={text} /></section> : null;

