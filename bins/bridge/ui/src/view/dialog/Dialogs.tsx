import { openDialog } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Keys } from "./Keys";
import { Launch } from "./Launch";
import { NewTask } from "./NewTask";
import { OutboxDialog } from "./OutboxDialog";
import Palette from "./Palette";
import { Settings } from "./Settings";

export function Dialogs() {
  const dialog = useStore((state) => state.dialog);
  const close = () => openDialog(null);
  switch (dialog?.kind) {
    case undefined: return null;
    case "new_task": return <NewTask title={dialog.title ?? ""} onClose={close} />;
    case "launch": return <Launch task={dialog.task} role={dialog.role ?? "orchestrator"} onClose={close} />;
    case "palette": return <Palette onClose={close} />;
    case "outbox": return <OutboxDialog onClose={close} />;
    case "settings": return <Settings onClose={close} />;
    case "keys": return <Keys onClose={close} />;
  }
}
