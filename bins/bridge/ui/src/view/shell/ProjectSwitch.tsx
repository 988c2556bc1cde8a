import { openProject } from "../../store/store";
import { useStore } from "../../store/state";

export function ProjectSwitch() {
  const projects = useStore((state) => state.projects);
  const project = useStore((state) => state.feed.project);
  if (!project) return null;
  const known = projects?.some((each) => each.id === project);
  return (
    <label className="project">
      <span className="hidden">Project</span>
      <select value={project} onChange={(event) => openProject(event.target.value)}>
        {!known && <option value={project}>{project}</option>}
        {projects?.map((each) => <option key={each.id} value={each.id}>{each.title}</option>)}
      </select>
    </label>
  );
}
