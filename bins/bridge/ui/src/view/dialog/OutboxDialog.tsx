import { dropEntry, retryEntry } from "../../store/store";
import { useStore } from "../../store/state";
import { Dialog } from "../part/Dialog";
import { Time } from "../part/Time";

const STATE = { waiting: "Waits for the connection", sending: "On its way", failed: "Not done" } as const;

/** What was said and is not acknowledged yet, and what was refused while nobody looked. */
export function OutboxDialog({ onClose }: { onClose(): void }) {
  const outbox = useStore((state) => state.outbox);
  return (
    <Dialog title="Not sent yet" onClose={onClose}>
      {outbox.length === 0 && <p className="faint">Everything you said has been acknowledged.</p>}
      <ul className="outbox">
        {outbox.map((entry) => (
          <li key={entry.id} className={`outbox-entry tone-${entry.state === "failed" ? "failed" : "needs_input"}`} data-state={entry.state}>
            <div>
              <strong>{entry.label}</strong> <span className="faint">{entry.project}</span> <Time at={new Date(entry.at).toISOString()} />
              <p>{entry.error ? entry.error.message : STATE[entry.state]}</p>
            </div>
            <span className="spring" />
            {entry.state === "failed" && <button type="button" className="button small" onClick={() => retryEntry(entry.id)}>Send again</button>}
            {entry.state !== "sending" && <button type="button" className="button small" onClick={() => dropEntry(entry.id)}>{entry.state === "failed" ? "Dismiss" : "Take back"}</button>}
          </li>
        ))}
      </ul>
      <p className="faint">What waits goes out under its own id when the connection is back, so it is carried out once. After a day it is not sent any more.</p>
    </Dialog>
  );
}
