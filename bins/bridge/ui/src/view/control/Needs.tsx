import type { Need } from "../../model/derive";
import { openSession, openTask } from "../../store/navigate";
import { Icon } from "../part/Icon";
import { Time } from "../part/Time";

const WORDS = { blocked: "Blocked", needs_input: "Asks you", in_review: "To review" } as const;
const SHOWN = 12;

export function Needs({ needs }: { needs: readonly Need[] }) {
  return (
    <section className="needs" aria-labelledby="needs-title">
      <h2 id="needs-title">Needs you <span className="count">{needs.length || ""}</span></h2>
      {!needs.length && <p className="quiet-line"><Icon name="check" />Nothing waits for you. Questions, blocked tasks and reviews appear here.</p>}
      <ul>
        {needs.slice(0, SHOWN).map((need) => (
          <li key={need.key}>
            <button type="button" className={`need tone-${need.kind}`} onClick={() => (need.kind === "needs_input" ? openSession(need.id) : openTask(need.id))}>
              <span className="need-kind"><Icon name={need.kind} />{WORDS[need.kind]}<span className="id">{need.id}</span><span className="spring" /><Time at={need.since} /></span>
              <span className="need-what">{need.title}</span>
              {need.why && <span className="need-why">{need.why}</span>}
            </button>
          </li>
        ))}
        {needs.length > SHOWN && <li className="more">and {needs.length - SHOWN} more</li>}
      </ul>
    </section>
  );
}
