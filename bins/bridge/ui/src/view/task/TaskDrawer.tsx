import { useEffect, useState } from "react";
import type { Task, TaskDetail } from "../../model/entity";
import { closeTask } from "../../store/navigate";
import { query } from "../../store/store";
import { useStore } from "../../store/state";
import { toast } from "../../store/toast";
import { Dialog } from "../part/Dialog";
import { Icon } from "../part/Icon";
import { Chip } from "../part/Status";
import { Edit } from "./Edit";
import { TaskBody } from "./TaskBody";

/** One task with its long texts, which are asked for whenever the task changed. */
export function TaskDrawer({ id }: { id: string }) {
  const task = useStore((state) => state.feed.tasks.get(id));
  const loaded = useStore((state) => state.feed.seq !== null);
  const connected = useStore((state) => state.link.state === "connected");
  const [detail, setDetail] = useState<TaskDetail | null>(null);
  const [editing, setEditing] = useState(false);
  const rev = task?.rev;

  useEffect(() => {
    if (!connected || rev === undefined) return;
    let current = true;
    // A burst of changes asks once.
    const timer = window.setTimeout(() => {
      void query("task", "get", { task: id, timeline: 100 }).then((reply) => {
        if (current && reply.success) setDetail(reply.data as TaskDetail);
      });
    }, 60);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [id, rev, connected]);

  return (
    <Dialog title={task ? `${id}: ${task.title}` : id} className="drawer" onClose={closeTask} bare>
      <div className="drawer-body">
        <div className="drawer-head">
          <span className="id">{id}</span>
          {task && <Chip status={task.status} />}
          <span className="spring" />
          {task && !editing && <button type="button" className="button icon-only" aria-label="Edit" title="Edit" disabled={!detail} onClick={() => setEditing(true)}><Icon name="pen" /></button>}
          <button type="button" className="button icon-only" aria-label="Copy the address" title="Copy the address" onClick={() => void copy()}><Icon name="link" /></button>
          <button type="button" className="button icon-only" aria-label="Close" onClick={closeTask}><Icon name="close" /></button>
        </div>
        {!task && <p className="drawer-none">{loaded ? `There is no task ${id}.` : "Loading…"}</p>}
        {task && editing && detail && <Edit task={task as Task} detail={detail} onDone={() => setEditing(false)} />}
        {task && !editing && <TaskBody task={task} detail={detail} />}
      </div>
    </Dialog>
  );
}

async function copy(): Promise<void> {
  try {
    await navigator.clipboard.writeText(window.location.href);
    toast({ tone: "done", text: "The address is in the clipboard." });
  } catch {
    toast({ tone: "error", text: "This browser does not allow it here.", hint: window.location.href });
  }
}
