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
  search: <><circle cx="7.2" cy="7.2" r="4.2" /><path d="m10.4 10.4 3 3" /></>,
};

export function Icon({ name, label }: { name: string; label?: string }) {
  return (
    <svg className={`icon icon-${name}`} viewBox="0 0 16 16" {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}>
      {SHAPES[name] ?? SHAPES["pending"]}
    </svg>
  );
}
