// Notices that go by themselves.

import { get, set, type Toast } from "./state";

const SHOWN = 4;
let last = 0;

export function toast(notice: Omit<Toast, "id">): void {
  const id = ++last;
  set({ toasts: [...get().toasts.slice(1 - SHOWN), { ...notice, id }] });
}

export const dismiss = (id: number): void => set({ toasts: get().toasts.filter((each) => each.id !== id) });
