import { lazy, Suspense } from "react";
import { openDialog } from "../../store/navigate";
import { useStore } from "../../store/state";
import { Keys } from "./Keys";
import { Launch } from "./Launch";
import { NewTask } from "./NewTask";
import { OutboxDialog } from "./OutboxDialog";
import { Settings } from "./Settings";

const Palette = lazy(() => import("./Palette"));

export function Dialogs() {
  const dialog = useStore((state) => state.dialog);
  const close = () => openDialog(null);
  switch (dialog?.kind) {
    case undefined: return null;
    case "new_task": return <NewTask title={dialog.title ?? ""} onClose={close} />;
    case "launch": return <Launch task={dialog.task} role={dialog.role ?? "orchestrator"} onClose={close} />;
    case "palette": return <Suspense fallback={null}><Palette onClose={close} /></Suspense>;
    case "outbox": return <OutboxDialog onClose={close} />;
    case "settings": return <Settings onClose={close} />;
    case "keys": return <Keys onClose={close} />;
  }
}
