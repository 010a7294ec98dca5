import { useSyncExternalStore } from "react";
import { preferences, type Preferences } from "./preferences.ts";

/** The preferences; the component is drawn anew when one changes. */
export const usePreferences = (): Preferences => useSyncExternalStore(preferences.subscribe, preferences.get);
