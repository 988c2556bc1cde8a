import { ago, exact } from "../../model/describe";
import { useStore } from "../../store/state";

/** How long ago; the exact time on hover. */
export function Time({ at }: { at: string }) {
  const words = useStore((state) => ago(at, state.now));
  return <time className="time" dateTime={at} title={exact(at)}>{words}</time>;
}
