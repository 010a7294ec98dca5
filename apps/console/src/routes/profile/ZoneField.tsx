import { useState } from "react";
import { TextField } from "../../forms/TextField.tsx";
import { preferences } from "../../preferences/preferences.ts";
import { usePreferences } from "../../preferences/usePreferences.ts";
import { useTexts } from "../../texts/texts.ts";
import { isZone } from "../../ui/times.ts";

/** The zone in which times are shown; empty is the browser's own. */
export function ZoneField() {
  const { t } = useTexts();
  const { timeZone } = usePreferences();
  const [typed, setTyped] = useState(timeZone);
  const known = typed === "" || isZone(typed);
  const change = (next: string): void => {
    setTyped(next);
    if (next === "" || isZone(next)) preferences.set({ timeZone: next });
  };
  return (
    <TextField
      label={t("preferences.timeZone")}
      help={known ? t("preferences.timeZoneHelp", { zone: Intl.DateTimeFormat().resolvedOptions().timeZone }) : t("preferences.noSuchZone")}
      value={typed}
      onChange={change}
      offers={["UTC", ...Intl.supportedValuesOf("timeZone")]}
      maxLength={64}
    />
  );
}
