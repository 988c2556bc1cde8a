import { useState, type FormEvent } from "react";
import { progress } from "../../model/derive";
import type { Task } from "../../model/entity";
import { command } from "../../store/store";
import { Icon } from "../part/Icon";
import { Who } from "../part/Ref";

/** The subtasks: ticked here, added here. */
export function StepsPart({ task }: { task: Task }) {
  const [title, setTitle] = useState("");
  const { completed, total } = progress(task);
  async function add(event: FormEvent) {
    event.preventDefault();
    if (!title.trim()) return;
    const outcome = await command({ entity: "subtask", verb: "create", data: { task: task.id, title: title.trim() }, label: `New step of ${task.id}` });
    if (outcome.state !== "refused") setTitle("");
  }
  return (
    <section className="part">
      <h3>Steps {total > 0 && <span className="count">{completed}/{total}</span>}</h3>
      {total > 0 && <progress className="wide" value={completed} max={total} aria-label="Steps done" />}
      <ul className="steps-list">
        {task.subtasks?.map((each) => (
          <li key={each.id} className={each.completed ? "done" : ""}>
            <button
              type="button" className="tick" aria-pressed={each.completed} aria-label={`${each.completed ? "Reopen" : "Complete"} ${each.id}`}
              onClick={() => void command({ entity: "subtask", verb: each.completed ? "reopen" : "complete", data: { task: task.id, subtask: each.id }, label: `${each.completed ? "Reopen" : "Complete"} ${task.id} ${each.id}` })}
            ><Icon name={each.completed ? "completed" : "pending"} /></button>
            <span className="step-title">{each.title}</span>
            {each.completedBy ? <Who actor={each.completedBy} /> : <span className="id">{each.id}</span>}
          </li>
        ))}
      </ul>
      <form className="quick" onSubmit={(event) => void add(event)}>
        <Icon name="plus" /><input aria-label="Title of a new step" placeholder="Add a step" maxLength={200} value={title} onChange={(event) => setTitle(event.target.value)} />
        {title.trim() && <button type="submit" className="button small">Add</button>}
      </form>
    </section>
  );
}
