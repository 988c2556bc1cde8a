import { useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { useStore, type Toast } from "../../store/state";
import { dismiss } from "../../store/toast";
import { Icon } from "./Icon";
import { useTop } from "./top";

const SHORT = 5000;
const LONG = 12_000;

/** Notices, in the topmost dialog if one is open. F8 goes there. */
export function Toasts() {
  const toasts = useStore((state) => state.toasts);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const go = (event: KeyboardEvent) => {
      if (event.key === "F8") list.current?.querySelector<HTMLElement>(".toast:last-child button")?.focus();
    };
    document.addEventListener("keydown", go);
    return () => document.removeEventListener("keydown", go);
  }, []);
  // The list is there before what is said in it: else nobody hears it.
  return createPortal(
    <section className="toasts" aria-label="Notices (F8)">
      <ol ref={list} aria-live="polite" aria-relevant="additions">{toasts.map((toast) => <Notice key={toast.id} toast={toast} />)}</ol>
    </section>, useTop(),
  );
}

/** Goes by itself, but not under a pointer, not while it has the focus, and not while nobody looks. */
function Notice({ toast: { id, tone, text, hint, action } }: { toast: Toast }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = window.setInterval(() => { if (!document.hidden) dismiss(id); }, tone === "error" ? LONG : SHORT);
    return () => window.clearInterval(timer);
  }, [id, tone, held]);
  return (
    <li
      className={`toast toast-${tone}`} onPointerEnter={() => setHeld(true)} onPointerLeave={() => setHeld(false)} onFocus={() => setHeld(true)} onBlur={() => setHeld(false)}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // The notice, not the dialog that it is in.
        event.preventDefault();
        dismiss(id);
      }}
    >
      <div className="toast-text" role={tone === "error" ? "alert" : undefined}>
        <div>{text}</div>
        {hint && <div><code>{hint}</code></div>}
      </div>
      {action && <button type="button" className="button small" onClick={() => { dismiss(id); action.run(); }}>{action.label}</button>}
      <button type="button" className="button icon-only" aria-label="Dismiss" onClick={() => dismiss(id)}><Icon name="close" /></button>
    </li>
  );
}
