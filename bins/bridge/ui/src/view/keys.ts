// The keyboard: single letters where nobody types, and Ctrl+K everywhere.

import { openDialog, openView } from "../store/navigate";
import { get } from "../store/state";
import { LABELS } from "./shell/views";

export const KEYS: readonly [string, string][] = [
  ["Ctrl K", "Search and commands"], ["/", "Filter this view"], ["c", "New task"], ["o", "Launch an agent"],
  ...LABELS.map(({ key, label }): [string, string] => [`g ${key}`, label]), ["Ctrl ]", "Leave a terminal you type into"], ["?", "These keys"], ["Esc", "Close"],
];

const CHORD = 1200;

export function listenToKeys(): () => void {
  let chord = 0;
  const onKey = (event: KeyboardEvent) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openDialog(get().dialog?.kind === "palette" ? null : { kind: "palette" });
      return;
    }
    if (event.metaKey || event.ctrlKey || event.altKey || get().dialog || isTyping(event.target)) return;
    const key = event.key;
    if (Date.now() - chord < CHORD) {
      chord = 0;
      const found = LABELS.find((each) => each.key === key);
      if (found) {
        event.preventDefault();
        openView(found.view);
        return;
      }
    }
    if (key === "g") chord = Date.now();
    else if (key === "/") {
      event.preventDefault();
      document.dispatchEvent(new Event("maestro:search"));
    } else if (key === "c" || key === "o" || key === "?") {
      event.preventDefault();
      openDialog(key === "c" ? { kind: "new_task" } : key === "o" ? { kind: "launch", role: "orchestrator" } : { kind: "keys" });
    }
  };
  window.addEventListener("keydown", onKey);
  return () => window.removeEventListener("keydown", onKey);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName) || target.closest(".terminal") !== null);
}
