import type { ReactNode } from "react";
import { Icon } from "./Icon";

export const Empty = ({ icon, title, children }: { icon: string; title: string; children?: ReactNode }) => (
  <div className="empty"><Icon name={icon} /><h3>{title}</h3>{children}</div>
);

const WIDTHS = [72, 54, 63, 45, 58, 68];

export const Skeleton = ({ rows = 6 }: { rows?: number }) => (
  <div className="skeletons" role="status" aria-label="Loading">
    {WIDTHS.slice(0, rows).map((width) => <span key={width} className={`skeleton w${width}`} />)}
  </div>
);
