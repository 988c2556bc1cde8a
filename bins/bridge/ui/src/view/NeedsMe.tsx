import { useMemo } from "react";
import { openTask, showTab, useStore } from "../store/store";
import { Icon } from "./Icon";

interface Need {
  key: string;
  kind: "blocked" | "needs_input" | "in_review";
  who: string;
  what: string;
  why?: string | undefined;
  open(): void;
}

const WORDS = { blocked: "Blocked", needs_input: "Asks you", in_review: "To review" } as const;

/** What waits for a person, the most pressing first. */
export function NeedsMe() {
  const tasks = useStore((state) => state.feed.tasks);
  const sessions = useStore((state) => state.feed.sessions);
  const timeline = useStore((state) => state.feed.timeline);
  const needs = useMemo(() => {
    const summary = (id: string): string | undefined => {
      const entry = timeline.find((each) => each.kind === "submitted" && each.entity === `task/${id}`);
      return typeof entry?.["summary"] === "string" ? entry["summary"] : undefined;
    };
    const all: Need[] = [];
    for (const each of sessions.values()) {
      if (each.status !== "needs_input") continue;
      const task = each.tasks?.[0];
      all.push({
        key: each.id, kind: "needs_input", who: each.id, what: each.name, why: each.question,
        open: () => (task ? openTask(task) : showTab("sessions")),
      });
    }
    for (const kind of ["blocked", "in_review"] as const) {
      for (const each of tasks.values()) {
        if (each.status === kind) {
          all.push({
            key: each.id, kind, who: each.id, what: each.title,
            why: kind === "blocked" ? each.blockedReason : summary(each.id),
            open: () => openTask(each.id),
          });
        }
      }
    }
    return all;
  }, [tasks, sessions, timeline]);
  if (!needs.length) return null;
  return (
    <section className="needs" aria-labelledby="needs-title">
      <h2 id="needs-title">Needs you <span className="count">{needs.length}</span></h2>
      <ul>
        {needs.slice(0, 12).map((need) => (
          <li key={need.key}>
            <button type="button" className={`need tone-${need.kind}`} onClick={need.open}>
              <span className="need-kind"><Icon name={need.kind} />{WORDS[need.kind]}<span className="id">{need.who}</span></span>
              <span className="need-what">{need.what}</span>
              {need.why && <span className="need-why">{need.why}</span>}
            </button>
          </li>
        ))}
        {needs.length > 12 && <li className="more">and {needs.length - 12} more</li>}
      </ul>
    </section>
  );
}
