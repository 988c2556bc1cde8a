import { useEffect, useRef, type ReactNode } from "react";
import { Icon } from "./Icon";
import { enterTop } from "./top";

/** The browser's own modal dialog: it traps the focus, closes with Escape, and makes the rest inert. */
export function Dialog({ title, className = "", onClose, children, bare = false, dismissable = true }: {
  title: string; className?: string; onClose(): void; children: ReactNode; bare?: boolean; dismissable?: boolean;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const opener = useRef(document.activeElement as HTMLElement | null);
  useEffect(() => {
    const dialog = element.current;
    if (!dialog) return;
    const before = opener.current;
    if (!dialog.open) dialog.showModal();
    const leaveTop = enterTop(dialog);
    // What asks for the focus gets it (what is closed cannot have it before); else nothing, rather than the first button.
    (dialog.querySelector<HTMLElement>("[data-focus]") ?? dialog).focus();
    return () => {
      leaveTop();
      dialog.close();
      if (before?.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element} className={`dialog ${className}`} aria-label={title} tabIndex={-1}
      onCancel={(event) => { event.preventDefault(); onClose(); }}
      onMouseDown={(event) => { if (dismissable && event.target === element.current) onClose(); }}
    >
      {bare ? children : (
        <div className="dialog-body">
          <div className="dialog-head">
            <h2>{title}</h2><span className="spring" />
            <button type="button" className="button icon-only" aria-label="Close" onClick={onClose}><Icon name="close" /></button>
          </div>
          {children}
        </div>
      )}
    </dialog>
  );
}
