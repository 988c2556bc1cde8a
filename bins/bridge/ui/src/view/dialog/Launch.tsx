import { useMemo, useState, type FormEvent } from "react";
import { idNumber } from "../../model/entity";
import { openSession } from "../../store/navigate";
import { command } from "../../store/store";
import { useStore } from "../../store/state";
import { toast } from "../../store/toast";
import { Dialog } from "../part/Dialog";

const ROLES = [["orchestrator", "Orchestrator", "Breaks the work down and starts workers."], ["worker", "Worker", "Works on one task."]] as const;

/** Starts an agent: what it is to do, which one, where. */
export function Launch({ task, role: first, onClose }: { task?: string | undefined; role: "worker" | "orchestrator"; onClose(): void }) {
  const nodes = useStore((state) => state.nodes);
  const tasks = useStore((state) => state.feed.tasks);
  const fallback = useStore((state) => state.projects?.find((each) => each.id === state.feed.project)?.defaultAgent);
  const [role, setRole] = useState<"worker" | "orchestrator">(task ? "worker" : first);
  const [chosen, setChosen] = useState(task ?? "");
  const [prompt, setPrompt] = useState("");
  const [name, setName] = useState("");
  const [pool, setPool] = useState("");
  const [model, setModel] = useState("");
  const [line, setLine] = useState("");
  const [pending, setPending] = useState(false);
  const pools = useMemo(() => [...new Set(nodes.map((node) => node.pool))].sort(), [nodes]);
  const agents = useMemo(() => {
    const found = new Map<string, { free: number; version: string | undefined }>();
    for (const node of nodes) {
      if (pool && node.pool !== pool) continue;
      for (const each of node.agents) found.set(each.name, { free: (found.get(each.name)?.free ?? 0) + node.free, version: each.version ?? found.get(each.name)?.version });
    }
    return [...found].sort(([a], [b]) => a.localeCompare(b));
  }, [nodes, pool]);
  const [picked, setAgent] = useState("");
  const agent = picked || (agents.some(([each]) => each === fallback) ? fallback : agents.find(([each]) => each !== "shell")?.[0] ?? agents[0]?.[0]) || "";
  const open = useMemo(() => [...tasks.values()].filter((each) => each.status === "pending" || each.status === "in_progress" || each.status === "blocked").sort((a, b) => idNumber(a.id) - idNumber(b.id)).slice(0, 300), [tasks]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (pending) return;
    setPending(true);
    const data: Record<string, unknown> = { role };
    if (agent) data["agent"] = agent;
    if (chosen && role === "worker") data["tasks"] = [chosen];
    if (prompt.trim()) data["prompt"] = prompt.trim();
    if (name.trim()) data["name"] = name.trim();
    if (pool) data["pool"] = pool;
    if (model.trim()) data["model"] = model.trim();
    if (agent === "shell" && line.trim()) data["command"] = ["sh", "-c", line.trim()];
    const outcome = await command({ entity: "session", verb: "spawn", data, label: `Launch ${role}`, force: true });
    setPending(false);
    if (outcome.state === "refused") return;
    onClose();
    if (outcome.state === "done") {
      const { id } = outcome.reply.data as { id: string };
      toast({ tone: "done", text: `${id} is requested.`, action: { label: "Watch", run: () => openSession(id) } });
    }
  }
  return (
    <Dialog title="Launch an agent" className="dialog-wide" onClose={onClose} dismissable={false}>
      <form className="form" onSubmit={(event) => void submit(event)}>
        <fieldset className="roles"><legend className="hidden">Role</legend>
          {ROLES.map(([value, label, about]) => (
            <label key={value} className="role"><input type="radio" name="role" value={value} checked={role === value} onChange={() => setRole(value)} /><span><strong>{label}</strong><span className="faint">{about}</span></span></label>
          ))}
        </fieldset>
        <label>{role === "orchestrator" ? "What is to be achieved?" : "Anything to add to the task? (optional)"}
          <textarea className="field" data-focus rows={5} value={prompt} onChange={(event) => setPrompt(event.target.value)} placeholder={role === "orchestrator" ? "Describe the goal. It looks at the project, makes tasks, and starts workers." : "The task's own texts are given to it anyway."} />
        </label>
        {role === "worker" && (
          <label>Task<select className="field" value={chosen} onChange={(event) => setChosen(event.target.value)}><option value="">It takes the best ready one itself</option>{open.map((each) => <option key={each.id} value={each.id}>{each.id} {each.title}</option>)}</select></label>
        )}
        <div className="form-row">
          <label>Agent
            <select className="field" value={agent} onChange={(event) => setAgent(event.target.value)}>
              {agents.length === 0 && <option value="">No host is there</option>}
              {agents.map(([each, { free, version }]) => <option key={each} value={each}>{each}{version ? ` ${version}` : ""} ({free} free)</option>)}
            </select>
          </label>
          {pools.length > 1 && <label>Pool<select className="field" value={pool} onChange={(event) => setPool(event.target.value)}><option value="">Any</option>{pools.map((each) => <option key={each}>{each}</option>)}</select></label>}
          {agent !== "shell" && <label>Model<input className="field" placeholder="the agent's own" value={model} onChange={(event) => setModel(event.target.value)} /></label>}
          <label>Name<input className="field" placeholder="given if empty" maxLength={100} value={name} onChange={(event) => setName(event.target.value)} /></label>
        </div>
        {agent === "shell" && <label>Command, for the shell<input className="field mono" value={line} placeholder="maestro task next --claim && …" onChange={(event) => setLine(event.target.value)} /></label>}
        {agents.length === 0 && <p className="faint">No spawner is connected: the request waits for one, visibly, until its deadline. <code>maestro doctor</code> says what is missing.</p>}
        <div className="form-end"><button type="button" className="button" onClick={onClose}>Leave it</button><button type="submit" className="button primary" disabled={pending}>{pending ? "Launching…" : "Launch"}</button></div>
      </form>
    </Dialog>
  );
}
