import { Dialog } from "../part/Dialog";
import { KEYS } from "../keys";

export const Keys = ({ onClose }: { onClose(): void }) => (
  <Dialog title="Keyboard" onClose={onClose}>
    <dl className="keys">{KEYS.map(([key, about]) => <div key={key}><dt>{key.split(" ").map((part) => <kbd key={part}>{part}</kbd>)}</dt><dd>{about}</dd></div>)}</dl>
    <p className="faint">On the board: Space picks a card up, the arrow keys carry it, Space puts it down. In the list: arrow keys, or j and k.</p>
  </Dialog>
);
