import type { View } from "../../store/route";

export const LABELS: readonly { view: View; label: string; short: string; key: string }[] = [
  { view: "control", label: "Mission control", short: "Control", key: "m" },
  { view: "board", label: "Board", short: "Board", key: "b" },
  { view: "list", label: "List", short: "List", key: "l" },
  { view: "graph", label: "Graph", short: "Graph", key: "g" },
  { view: "timeline", label: "Timeline", short: "Timeline", key: "t" },
  { view: "sessions", label: "Sessions", short: "Sessions", key: "s" },
];

export const labelOf = (view: View): string => LABELS.find((each) => each.view === view)?.label ?? view;
