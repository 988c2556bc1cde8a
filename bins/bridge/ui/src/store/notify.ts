// Notifications on the desktop, for what a person is waited for. Only when wanted, and only when nobody looks.

import type { Feed } from "../feed/feed";
import { openSession, openTask } from "./navigate";
import { savePrefs, type Notice } from "./prefs";
import { get, set } from "./state";

/** More at once are one. */
const SINGLE = 3;

interface News {
  notice: Notice;
  title: string;
  body: string;
  tag: string;
  open(): void;
}

export function notifyOf(before: Feed, after: Feed): void {
  const { notify } = get().prefs;
  if (!Object.values(notify).some(Boolean) || !document.hidden || typeof Notification === "undefined" || Notification.permission !== "granted") return;
  if (before.seq === null || before.project !== after.project) return;
  const news = newsOf(before, after).filter((each) => notify[each.notice]);
  if (news.length > SINGLE) {
    show({ notice: "completed", title: `${news.length} things happened`, body: news.slice(0, 3).map((each) => each.title).join("\n"), tag: "many", open: () => {} });
  } else news.forEach(show);
}

function newsOf(before: Feed, after: Feed): News[] {
  const news: News[] = [];
  if (before.sessions !== after.sessions) {
    for (const session of after.sessions.values()) {
      const was = before.sessions.get(session.id);
      if (session.status === "needs_input" && was?.status !== "needs_input") {
        news.push({ notice: "needs_input", title: `${session.name} needs input`, body: session.question, tag: session.id, open: () => openSession(session.id) });
      }
    }
  }
  if (before.tasks !== after.tasks) {
    for (const task of after.tasks.values()) {
      const was = before.tasks.get(task.id)?.status;
      if (task.status === was || was === undefined) continue;
      const open = () => openTask(task.id);
      if (task.status === "blocked") news.push({ notice: "blocked", title: `${task.id} is blocked`, body: `${task.title}: ${task.blockedReason}`, tag: task.id, open });
      if (task.status === "completed") news.push({ notice: "completed", title: `${task.id} is completed`, body: task.title, tag: task.id, open });
    }
  }
  return news;
}

function show({ title, body, tag, open }: News): void {
  const notification = new Notification(title, { body, tag, icon: "/icon.svg" });
  notification.onclick = () => {
    window.focus();
    open();
    notification.close();
  };
}

/** Asks the browser first; false when it says no. */
export async function want(notice: Notice, wanted: boolean): Promise<boolean> {
  if (wanted && (typeof Notification === "undefined" || (await Notification.requestPermission()) !== "granted")) return false;
  const prefs = { ...get().prefs, notify: { ...get().prefs.notify, [notice]: wanted } };
  set({ prefs });
  savePrefs(prefs);
  return true;
}
