// Shapes beside colours: a status is never told by its colour alone.

import type { ReactNode } from "react";

const SHAPES: Record<string, ReactNode> = {
  pending: <circle cx="8" cy="8" r="5.25" strokeDasharray="2.4 2.2" />,
  in_progress: <><circle cx="8" cy="8" r="5.25" /><path d="M8 4.6a3.4 3.4 0 0 1 0 6.8z" fill="currentColor" stroke="none" /></>,
  in_review: <><circle cx="8" cy="8" r="5.25" /><circle cx="8" cy="8" r="1.9" fill="currentColor" stroke="none" /></>,
  blocked: <><path d="M5.7 2.75h4.6l2.95 2.95v4.6l-2.95 2.95H5.7L2.75 10.3V5.7z" /><path d="M8 5.2v3.4M8 10.6v.2" /></>,
  completed: <><circle cx="8" cy="8" r="5.75" fill="currentColor" stroke="none" /><path d="m5.5 8.2 1.8 1.8 3.3-3.7" className="inverse" /></>,
  cancelled: <><circle cx="8" cy="8" r="5.25" /><path d="m4.4 11.6 7.2-7.2" /></>,
  requested: <><circle cx="8" cy="8" r="5.25" strokeDasharray="2.4 2.2" /></>,
  starting: <path d="M8 2.75A5.25 5.25 0 1 1 2.75 8" />,
  active: <><circle cx="8" cy="8" r="5.25" /><circle cx="8" cy="8" r="2.6" fill="currentColor" stroke="none" /></>,
  needs_input: <><path d="M3 3.5h10v7H7.5L5 13v-2.5H3z" /><path d="M8 5.4v1.9M8 8.8v.1" /></>,
  exited: <path d="m3.8 8.4 2.8 2.8 5.6-6.2" />,
  failed: <path d="m4.2 4.2 7.6 7.6m0-7.6-7.6 7.6" />,
  stopped: <rect x="4" y="4" width="8" height="8" rx="1" />,
  lost: <><circle cx="8" cy="8" r="5.25" /><path d="M6.6 6.6a1.5 1.5 0 1 1 2.1 1.4c-.5.2-.7.5-.7 1M8 10.9v.1" /></>,
  close: <path d="m4 4 8 8m0-8-8 8" />,
  plus: <path d="M8 3.2v9.6M3.2 8h9.6" />,
  chevron: <path d="m5.8 3.6 4.4 4.4-4.4 4.4" />,
  tasks: <path d="M3 4.2h.1M3 8h.1M3 11.8h.1M6 4.2h7M6 8h7M6 11.8h7" />,
  sessions: <><rect x="2.5" y="3" width="11" height="10" rx="1.6" /><path d="m5 6 2 2-2 2M8.5 10H11" /></>,
  timeline: <path d="M2.5 8h2.3l1.7-4 2.8 8 1.7-4h2.5" />,
  control: <path d="M2.5 9a5.5 5.5 0 0 1 11 0M8 9l2.6-3M2.5 12h11" />,
  board: <><rect x="2.5" y="3" width="3" height="10" rx="0.8" /><rect x="6.5" y="3" width="3" height="6.5" rx="0.8" /><rect x="10.5" y="3" width="3" height="8" rx="0.8" /></>,
  list: <path d="M3 4.2h.1M3 8h.1M3 11.8h.1M6 4.2h7M6 8h7M6 11.8h7" />,
  graph: <><circle cx="3.8" cy="8" r="1.8" /><circle cx="12" cy="3.9" r="1.8" /><circle cx="12" cy="12.1" r="1.8" /><path d="m5.4 7.2 5-2.5M5.4 8.8l5 2.5" /></>,
  terminal: <><rect x="2" y="2.8" width="12" height="10.4" rx="1.6" /><path d="m4.6 6 2 2-2 2M8.4 10.2h2.8" /></>,
  launch: <path d="M9.2 3.2c2-.9 3.6-.7 3.6-.7s.2 1.6-.7 3.6c-.8 1.8-2.6 3.4-4.6 4.5L5.4 8.5c1.1-2 2.2-4.3 3.8-5.3zM5.6 8.6 3.2 9l1.6-2.3 2 .1M7.4 10.4 7 12.8l2.3-1.6-.1-2M4 12l-1 1" />,
  send: <path d="M13.2 2.8 2.6 7.1l4 1.9m6.6-6.2L9 13.4 6.6 9m6.6-6.2L6.6 9" />,
  stop: <rect x="4" y="4" width="8" height="8" rx="1.2" />,
  play: <path d="M5 3.4v9.2l7.4-4.6z" fill="currentColor" stroke="none" />,
  pause: <path d="M5.4 3.6v8.8M10.6 3.6v8.8" strokeWidth="2.2" />,
  download: <path d="M8 2.8V10M5 7.2l3 3 3-3M3 13.2h10" />,
  restart: <path d="M12.6 6.2A5 5 0 1 0 13 8.6M13 3.2v3.2H9.8" />,
  more: <path d="M3.5 8h.1M8 8h.1M12.5 8h.1" strokeWidth="2.2" />,
  settings: <><circle cx="8" cy="8" r="2" /><path d="M8 2.2v1.9M8 11.9v1.9M2.2 8h1.9M11.9 8h1.9M3.9 3.9l1.4 1.4M10.7 10.7l1.4 1.4M12.1 3.9l-1.4 1.4M5.3 10.7l-1.4 1.4" /></>,
  sun: <><circle cx="8" cy="8" r="2.8" /><path d="M8 1.8v1.4M8 12.8v1.4M1.8 8h1.4M12.8 8h1.4M3.6 3.6l1 1M11.4 11.4l1 1M12.4 3.6l-1 1M4.6 11.4l-1 1" /></>,
  link: <path d="M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2-2a2.6 2.6 0 0 0-3.7-3.7l-.7.7M9.2 6.8a2.6 2.6 0 0 0-3.7 0l-2 2a2.6 2.6 0 0 0 3.7 3.7l.7-.7" />,
  outbox: <path d="M2.8 9.2v3.2c0 .5.4.8.8.8h8.8c.5 0 .8-.4.8-.8V9.2M8 10V2.8M5 5.6l3-3 3 3" />,
  expand: <path d="M9.5 2.8h3.7v3.7M6.5 13.2H2.8V9.5M13 3 9.2 6.8M3 13l3.8-3.8" />,
  trash: <path d="M3 4.4h10M6.4 4.2V2.8h3.2v1.4M4.4 4.4l.5 8.8h6.2l.5-8.8" />,
  pen: <path d="M10.9 2.9l2.2 2.2-7.6 7.6-2.8.6.6-2.8z" />,
  check: <path d="m3.8 8.4 2.8 2.8 5.6-6.2" />,
  search: <><circle cx="7.2" cy="7.2" r="4.2" /><path d="m10.4 10.4 3 3" /></>,
};

export function Icon({ name, label }: { name: string; label?: string | undefined }) {
  return (
    <svg className={`icon icon-${name}`} viewBox="0 0 16 16" {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}>
      {SHAPES[name] ?? SHAPES["pending"]}
    </svg>
  );
}
