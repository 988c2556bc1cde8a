import { useStore, showTab, type Tab } from "../store/store";
import { ConnectionBar } from "./ConnectionBar";
import { Header } from "./Header";
import { Icon } from "./Icon";
import { NeedsMe } from "./NeedsMe";
import { SessionList } from "./SessionList";
import { SignedOut } from "./SignedOut";
import { TaskDrawer } from "./TaskDrawer";
import { TaskList } from "./TaskList";
import { Timeline } from "./Timeline";
import { Toasts } from "./Toasts";
import { Welcome } from "./Welcome";

const TABS: readonly [Tab, string][] = [["tasks", "Tasks"], ["sessions", "Agents"], ["timeline", "Timeline"]];

export function App() {
  const tab = useStore((state) => state.tab);
  const signedOut = useStore((state) => state.link.state === "signed_out");
  const nothingYet = useStore((state) => state.projects?.length === 0 && !state.feed.project);
  const task = useStore((state) => state.route.task);
  if (signedOut) return <SignedOut />;
  return (
    <>
      <a className="skip" href="#main">Skip to the tasks</a>
      <Header />
      <ConnectionBar />
      {nothingYet ? <Welcome /> : (
        <>
          <NeedsMe />
          <main id="main" className="panes" data-tab={tab} tabIndex={-1}>
            <TaskList />
            <div className="aside">
              <SessionList />
              <Timeline />
            </div>
          </main>
          <nav className="tabs" aria-label="Views">
            {TABS.map(([name, label]) => (
              <button key={name} type="button" aria-current={tab === name ? "page" : undefined} onClick={() => showTab(name)}>
                <Icon name={name} />{label}
              </button>
            ))}
          </nav>
        </>
      )}
      {task && <TaskDrawer key={task} id={task} />}
      <Toasts />
    </>
  );
}
