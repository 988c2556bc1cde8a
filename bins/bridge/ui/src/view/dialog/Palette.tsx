import { Command } from "cmdk";
import { useMemo, useState } from "react";
import { statusLabel } from "../../model/describe";
import { idNumber, isLiving } from "../../model/entity";
import { openDialog, openSession, openTask, openView } from "../../store/navigate";
import { savePrefs, type Theme } from "../../store/prefs";
import { openProject } from "../../store/store";
import { get, set, useStore } from "../../store/state";
import { Dialog } from "../part/Dialog";
import { Icon } from "../part/Icon";
import { LABELS } from "../shell/views";

const SHOWN = 30;

/** Everything by its name. */
export default function Palette({ onClose }: { onClose(): void }) {
  const [words, setWords] = useState("");
  const tasks = useStore((state) => state.feed.tasks);
  const sessions = useStore((state) => state.feed.sessions);
  const projects = useStore((state) => state.projects);
  const project = useStore((state) => state.feed.project);
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const holds = (text: string) => wanted.every((word) => text.toLowerCase().includes(word));
  const found = useMemo(() => wanted.length === 0 ? [] : [...tasks.values()].filter((task) => holds(`${task.id} ${task.title} ${(task.labels ?? []).join(" ")}`))
    // An exact id first, then what is open, then what is new.
    .sort((a, b) => Number(b.id === words) - Number(a.id === words) || Number(a.status === "completed") - Number(b.status === "completed") || idNumber(b.id) - idNumber(a.id)).slice(0, SHOWN), [tasks, words]);
  const known = [...sessions.values()].filter((each) => (wanted.length ? holds(`${each.id} ${each.name}`) : isLiving(each.status))).slice(0, 8);
  const run = (what: () => void) => () => {
    onClose();
    what();
  };
  const places = LABELS.filter(({ label }) => holds(label));
  const others = (projects ?? []).filter((each) => each.id !== project && wanted.length > 0 && holds(`${each.id} ${each.title}`));
  const actions: [string, string, () => void][] = [
    ["plus", wanted.length ? `New task “${words.trim()}”` : "New task", () => openDialog({ kind: "new_task", title: words.trim() })],
    ["launch", "Launch an orchestrator", () => openDialog({ kind: "launch", role: "orchestrator" })],
    ["launch", "Launch a worker", () => openDialog({ kind: "launch", role: "worker" })],
    ["outbox", "Not sent yet", () => openDialog({ kind: "outbox" })],
    ["settings", "Settings", () => openDialog({ kind: "settings" })],
    ["settings", "Keyboard", () => openDialog({ kind: "keys" })],
    ["sun", "Theme: next", nextTheme],
  ];
  return (
    <Dialog title="Search and commands" className="palette" onClose={onClose} bare>
      <Command shouldFilter={false} loop label="Search and commands">
        <div className="palette-head"><Icon name="search" /><Command.Input data-focus value={words} onValueChange={setWords} placeholder="A task, a session, a view, a command…" /></div>
        <Command.List>
          <Command.Empty>Nothing is called that.</Command.Empty>
          {found.length > 0 && (
            <Command.Group heading="Tasks">
              {found.map((task) => <Command.Item key={task.id} value={`task ${task.id}`} onSelect={run(() => openTask(task.id))} className={`tone-${task.status}`}><Icon name={task.status} label={statusLabel(task.status)} /><span className="id">{task.id}</span><span className="palette-text">{task.title}</span></Command.Item>)}
            </Command.Group>
          )}
          {known.length > 0 && (
            <Command.Group heading="Sessions">
              {known.map((each) => (
                <Command.Item key={each.id} value={`session ${each.id}`} onSelect={run(() => openSession(each.id))} className={`tone-${each.status}`}><Icon name={each.status} label={statusLabel(each.status)} /><span className="id">{each.id}</span><span className="palette-text">{each.name}</span></Command.Item>
              ))}
            </Command.Group>
          )}
          <Command.Group heading="Commands">
            {actions.filter(([, label], index) => index === 0 || holds(label)).map(([icon, label, what]) => <Command.Item key={label} value={`do ${label}`} onSelect={run(what)}><Icon name={icon} /><span className="palette-text">{label}</span></Command.Item>)}
          </Command.Group>
          {places.length + others.length > 0 && <Command.Group heading="Go to">
            {places.map(({ view, label, key }) => <Command.Item key={view} value={`view ${view}`} onSelect={run(() => openView(view))}><Icon name={view} /><span className="palette-text">{label}</span><kbd>g {key}</kbd></Command.Item>)}
            {others.map((each) => <Command.Item key={each.id} value={`project ${each.id}`} onSelect={run(() => openProject(each.id))}><Icon name="board" /><span className="palette-text">{each.title}</span></Command.Item>)}
          </Command.Group>}
        </Command.List>
      </Command>
    </Dialog>
  );
}

function nextTheme(): void {
  const order: Theme[] = ["system", "light", "dark"];
  const { prefs } = get();
  const next = { ...prefs, theme: order[(order.indexOf(prefs.theme) + 1) % order.length] ?? "system" };
  set({ prefs: next });
  savePrefs(next);
}
