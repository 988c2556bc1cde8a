// What a person chose in this browser: the theme, and what the desktop may tell.

export type Theme = "system" | "light" | "dark";
export const NOTICES = ["needs_input", "blocked", "completed"] as const;
export type Notice = (typeof NOTICES)[number];

export interface Prefs {
  theme: Theme;
  /** Notifications on the desktop; each only while the page is not looked at. */
  notify: Record<Notice, boolean>;
}

const KEY = "maestro.prefs";
const DEFAULTS: Prefs = { theme: "system", notify: { needs_input: false, blocked: false, completed: false } };

export function loadPrefs(): Prefs {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Prefs>;
    const theme = found.theme === "light" || found.theme === "dark" ? found.theme : "system";
    return { theme, notify: { ...DEFAULTS.notify, ...found.notify } };
  } catch {
    return DEFAULTS;
  }
}

export function savePrefs(prefs: Prefs): void {
  applyTheme(prefs.theme);
  try {
    localStorage.setItem(KEY, JSON.stringify(prefs));
  } catch {
    // Forbidden here: the choice lives as long as the page.
  }
}

export function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
