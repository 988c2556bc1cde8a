import type { KeyboardEvent } from "react";
import { openProject } from "../../store/store";
import { useStore } from "../../store/state";

/** An arrow key opens the list. On a closed one it would switch at once, project by project. */
function openByArrow(event: KeyboardEvent<HTMLSelectElement>) {
  const select = event.currentTarget;
  if ((event.key !== "ArrowDown" && event.key !== "ArrowUp") || isOpen(select) || !("showPicker" in select)) return;
  event.preventDefault();
  select.showPicker();
}

function isOpen(select: HTMLSelectElement): boolean {
  try {
    return select.matches(":open");
  } catch {
    // This browser cannot say; its own list takes the keys then.
    return false;
  }
}

export function ProjectSwitch() {
  const projects = useStore((state) => state.projects);
  const project = useStore((state) => state.feed.project);
  if (!project) return null;
  const known = projects?.some((each) => each.id === project);
  return (
    <label className="project">
      <span className="hidden">Project</span>
      <select value={project} onChange={(event) => openProject(event.target.value)} onKeyDown={openByArrow}>
        {!known && <option value={project}>{project}</option>}
        {projects?.map((each) => <option key={each.id} value={each.id}>{each.title}</option>)}
      </select>
    </label>
  );
}
