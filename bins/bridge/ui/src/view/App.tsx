import { lazy, Suspense, useEffect } from "react";
import { useStore } from "../store/state";
import type { View } from "../store/route";
import { Board } from "./board/Board";
import { MissionControl } from "./control/MissionControl";
import { Dialogs } from "./dialog/Dialogs";
import { listenToKeys } from "./keys";
import { List } from "./list/List";
import { Skeleton } from "./part/Empty";
import { Toasts } from "./part/Toasts";
import { Sessions } from "./session/Sessions";
import { ConnectionBar } from "./shell/ConnectionBar";
import { Sidebar } from "./shell/Sidebar";
import { SignedOut, Welcome } from "./shell/Alone";
import { TabBar } from "./shell/TabBar";
import { TopBar } from "./shell/TopBar";
import { TaskDrawer } from "./task/TaskDrawer";
import { Timeline } from "./timeline/Timeline";

const Graph = lazy(() => import("./graph/Graph"));

const VIEW: Record<View, () => React.ReactNode> = {
  control: () => <MissionControl />,
  board: () => <Board />,
  list: () => <List />,
  graph: () => <Suspense fallback={<Skeleton />}><Graph /></Suspense>,
  timeline: () => <Timeline />,
  sessions: () => <Sessions />,
};

export function App() {
  const view = useStore((state) => state.route.view);
  const task = useStore((state) => state.route.task);
  const project = useStore((state) => state.feed.project);
  const signedOut = useStore((state) => state.link.state === "signed_out");
  const nothingYet = useStore((state) => state.projects?.length === 0 && !state.feed.project);
  useEffect(listenToKeys, []);
  if (signedOut) return <SignedOut />;
  return (
    <>
      <div className="app">
        <a className="skip" href="#main">Skip to the content</a>
        <Sidebar />
        <div className="page">
          <TopBar />
          <ConnectionBar />
          {nothingYet ? <Welcome /> : <main id="main" className={`main main-${view}`} tabIndex={-1} key={project}>{VIEW[view]()}</main>}
        </div>
        <TabBar />
      </div>
      {task && <TaskDrawer key={`${project} ${task}`} id={task} />}
      <Dialogs />
      <Toasts />
    </>
  );
}
