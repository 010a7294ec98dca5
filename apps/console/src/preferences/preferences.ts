import { languageOfBrowser, languages, type Language } from "../texts/texts.ts";

/** A view of a list that somebody gave a name. */
export interface SavedView {
  name: string;
  filter?: string | undefined;
  sort?: string | undefined;
  columns?: string | undefined;
}

/** What one browser keeps of how its user wants to see things. */
export interface Preferences {
  theme: "system" | "light" | "dark";
  density: "comfortable" | "dense";
  language: Language;
  /** IANA name; empty is the browser's own. */
  timeZone: string;
  /** Width of the tree in pixels. */
  treeWidth: number;
  treeOpen: boolean;
  /** How the tree is grouped. */
  grouping: string;
  /** Columns of each table, by the table's name. */
  columns: Readonly<Record<string, readonly string[]>>;
  /** Saved views of each list, by its kind. */
  views: Readonly<Record<string, readonly SavedView[]>>;
}

const key = "polyvisor.preferences";
const standard = (): Preferences => ({
  theme: "system",
  density: "dense",
  language: languageOfBrowser(),
  timeZone: "",
  treeWidth: 300,
  treeOpen: true,
  grouping: "hosts",
  columns: {},
  views: {},
});

function read(): Preferences {
  const found = standard();
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<Preferences>;
    for (const name of Object.keys(found) as (keyof Preferences)[]) if (typeof kept[name] === typeof found[name]) Object.assign(found, { [name]: kept[name] });
  } catch {
    // unreadable, or a browser that keeps nothing
  }
  if (!(found.language in languages)) found.language = languageOfBrowser();
  return found;
}

let present = read();
const watchers = new Set<() => void>();
const dark = matchMedia("(prefers-color-scheme: dark)");

/** For `useSyncExternalStore`; another tab's change counts here too. */
export const preferences = {
  get: (): Preferences => present,
  set(change: Partial<Preferences>): void {
    present = { ...present, ...change };
    try {
      localStorage.setItem(key, JSON.stringify(present));
    } catch {
      // full or forbidden: it holds until the page is left
    }
    tell();
  },
  subscribe(fn: () => void): () => void {
    watchers.add(fn);
    return () => watchers.delete(fn);
  },
};

function tell(): void {
  applyPreferences();
  for (const fn of watchers) fn();
}

/** Sets theme and density on the page. */
export function applyPreferences(): void {
  const { theme, density } = present;
  const root = document.documentElement;
  root.classList.toggle("pf-v6-theme-dark", theme === "dark" || (theme === "system" && dark.matches));
  root.dataset["density"] = density;
}

dark.addEventListener("change", () => applyPreferences());
addEventListener("storage", (event) => {
  if (event.key !== key) return;
  present = read();
  tell();
});
