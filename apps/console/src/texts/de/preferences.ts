import type { Texts } from "../shape.ts";

export const preferences: Texts["preferences"] = {
  theme: "Farben",
  themes: { system: "Wie das System", light: "Hell", dark: "Dunkel" },
  density: "Dichte",
  densities: { dense: "Dicht", comfortable: "Großzügig" },
  language: "Sprache",
  timeZone: "Zeitzone",
  timeZoneHelp: "Etwa Europe/Berlin; die des Browsers ({{zone}}), wenn leer",
  noSuchZone: "Diese Zeitzone gibt es nicht.",
};
