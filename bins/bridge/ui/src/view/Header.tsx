import { openProject, retryNow, useStore } from "../store/store";

export function Header() {
  const projects = useStore((state) => state.projects);
  const project = useStore((state) => state.feed.project);
  const user = useStore((state) => state.user);
  const known = projects?.some((each) => each.id === project);
  return (
    <header className="header">
      <div className="brand"><img src="/icon.svg" alt="" width="24" height="24" /><span>Maestro</span></div>
      {project && (
        <label className="project">
          <span className="hidden">Project</span>
          <select value={project} onChange={(event) => openProject(event.target.value)}>
            {!known && <option value={project}>{project}</option>}
            {projects?.map((each) => <option key={each.id} value={each.id}>{each.title}</option>)}
          </select>
        </label>
      )}
      <span className="spring" />
      <LinkState />
      {user && <span className="user" title={`You act as ${user}`}>{user}</span>}
    </header>
  );
}

function LinkState() {
  const link = useStore((state) => state.link);
  const seconds = useStore((state) =>
    state.link.state === "reconnecting" ? Math.max(0, Math.ceil((state.link.at - state.now) / 1000)) : 0);
  const words = {
    connecting: "Connecting…",
    connected: "Live",
    reconnecting: seconds ? `Reconnecting in ${seconds} s` : "Reconnecting…",
    signed_out: "Signed out",
  }[link.state];
  return (
    <span className={`link link-${link.state}`}>
      <span className="dot" aria-hidden="true" />
      <span role="status">{link.state === "reconnecting" ? <><span className="hidden">Connection lost. </span>{words}</> : words}</span>
      {link.state === "reconnecting" && <button type="button" className="button small" onClick={retryNow}>Retry now</button>}
    </span>
  );
}
