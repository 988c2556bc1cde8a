// The dialogs that are open, the topmost last. Whatever lies outside of the topmost one is hidden, dead and unheard.

import { useSyncExternalStore } from "react";

let open: readonly HTMLElement[] = [];
const listeners = new Set<() => void>();

function change(now: readonly HTMLElement[]): void {
  open = now;
  for (const listener of listeners) listener();
}

/** Until what it returns is called. */
export function enterTop(dialog: HTMLElement): () => void {
  change([...open, dialog]);
  return () => change(open.filter((each) => each !== dialog));
}

const listen = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Where notices belong. */
export const useTop = (): HTMLElement => useSyncExternalStore(listen, () => open.at(-1) ?? document.body);
