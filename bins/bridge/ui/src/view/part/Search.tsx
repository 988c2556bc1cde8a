import { useEffect, useRef } from "react";
import { Icon } from "./Icon";

/** A field for filtering; `/` goes there. */
export function Search({ label, placeholder, value, onChange }: { label: string; placeholder: string; value: string; onChange(value: string): void }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = () => { input.current?.focus(); input.current?.select(); };
    document.addEventListener("maestro:search", focus);
    return () => document.removeEventListener("maestro:search", focus);
  }, []);
  return (
    <label className="search">
      <Icon name="search" /><span className="hidden">{label}</span>
      <input
        ref={input} type="search" placeholder={placeholder} value={value} onChange={(event) => onChange(event.target.value)} autoComplete="off" spellCheck={false}
        onKeyDown={(event) => { if (event.key === "Escape") { onChange(""); event.currentTarget.blur(); } }}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}
