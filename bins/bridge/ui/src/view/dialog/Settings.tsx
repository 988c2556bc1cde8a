import { want } from "../../store/notify";
import { NOTICES, savePrefs, type Notice, type Theme } from "../../store/prefs";
import { set, useStore } from "../../store/state";
import { toast } from "../../store/toast";
import { Dialog } from "../part/Dialog";
import { openDialog } from "../../store/navigate";

const LABEL: Record<Notice, string> = { needs_input: "An agent needs input", blocked: "A task is blocked", completed: "A task is completed" };
const THEMES: readonly [Theme, string][] = [["system", "As the system"], ["light", "Light"], ["dark", "Dark"]];

export function Settings({ onClose }: { onClose(): void }) {
  const prefs = useStore((state) => state.prefs);
  const version = useStore((state) => state.version);
  const user = useStore((state) => state.user);
  const choose = (theme: Theme) => {
    const next = { ...prefs, theme };
    set({ prefs: next });
    savePrefs(next);
  };
  async function notice(which: Notice, wanted: boolean) {
    if (!(await want(which, wanted))) toast({ tone: "error", text: "The browser does not allow notifications of this page.", hint: "Allow them in the browser's settings of this site." });
  }
  return (
    <Dialog title="Settings" onClose={onClose}>
      <fieldset className="choice"><legend>Theme</legend>
        <div className="segments">{THEMES.map(([theme, label]) => <button key={theme} type="button" aria-pressed={prefs.theme === theme} onClick={() => choose(theme)}>{label}</button>)}</div>
      </fieldset>
      <fieldset className="choice"><legend>Notify me on the desktop, while I look elsewhere, when</legend>
        {NOTICES.map((each) => <label key={each} className="check"><input type="checkbox" checked={prefs.notify[each]} onChange={(event) => void notice(each, event.target.checked)} />{LABEL[each]}</label>)}
      </fieldset>
      <p className="faint">You act as {user ?? "nobody yet"}. Bridge {version ?? "unknown"}. <button type="button" className="button quiet" onClick={() => openDialog({ kind: "keys" })}>Keyboard</button></p>
    </Dialog>
  );
}
