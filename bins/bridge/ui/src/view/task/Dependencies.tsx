import { useMemo, useState, type FormEvent } from "react";
import { idNumber, type Task } from "../../model/entity";
import { command } from "../../store/store";
import { useStore } from "../../store/state";
import { Icon } from "../part/Icon";
import { TaskRef } from "../part/Ref";

/** What must be done first, and what waits for this. A circle is refused by the server, which spells it out. */
export function Dependencies({ task, dependants }: { task: Task; dependants: readonly string[] }) {
  const tasks = useStore((state) => state.feed.tasks);
  const [adding, setAdding] = useState(false);
  const [chosen, setChosen] = useState("");
  const choices = useMemo(() => !adding ? [] : [...tasks.values()]
    .filter((each) => each.id !== task.id && each.status !== "cancelled" && !task.dependsOn?.includes(each.id))
    .sort((a, b) => idNumber(b.id) - idNumber(a.id)).slice(0, 500), [adding, tasks, task]);
  const change = (how: "add" | "remove", id: string) =>
    command({ entity: "task", verb: "depend", data: { task: task.id, [how]: [id] }, label: `${how === "add" ? "Let" : "No longer let"} ${task.id} depend on ${id}` });
  const leave = () => {
    setAdding(false);
    setChosen("");
  };
  // By a button: on a closed list an arrow key alone chooses.
  const add = (event: FormEvent) => {
    event.preventDefault();
    if (!chosen) return;
    void change("add", chosen);
    leave();
  };
  return (
    <section className="part">
      <h3>Depends on {!adding && <button type="button" className="button quiet" onClick={() => setAdding(true)}><Icon name="plus" />Add</button>}</h3>
      {adding && (
        <form className="inline-form" onSubmit={add}>
          <select className="field" autoFocus aria-label="Another task that must be completed first" value={chosen} onChange={(event) => setChosen(event.target.value)}>
            <option value="" disabled>A task that must be completed first…</option>
            {choices.map((each) => <option key={each.id} value={each.id}>{each.id} {each.title}</option>)}
          </select>
          <button type="submit" className="button primary" disabled={!chosen}>Depend on it</button>
          <button type="button" className="button" onClick={leave}>Leave it</button>
        </form>
      )}
      {!task.dependsOn?.length && !adding && <p className="faint">Nothing; it can be started at any time.</p>}
      <ul className="refs-list">
        {task.dependsOn?.map((id) => (
          <li key={id}><TaskRef id={id} titled /><button type="button" className="button icon-only" aria-label={`Depend on ${id} no longer`} onClick={() => void change("remove", id)}><Icon name="close" /></button></li>
        ))}
      </ul>
      {dependants.length > 0 && <><h3>Others wait for it</h3><ul className="refs-list">{dependants.map((id) => <li key={id}><TaskRef id={id} titled /></li>)}</ul></>}
    </section>
  );
}
