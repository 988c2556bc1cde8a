import { lazy, Suspense } from "react";

const Markdown = lazy(() => import("./Markdown"));

/** The plain words until the renderer is there. */
export const Prose = ({ text }: { text: string }) => (
  <Suspense fallback={<p className="prose">{text}</p>}><Markdown text={text} /></Suspense>
);
