export const preferences = {
  theme: "Theme",
  themes: { system: "As the system", light: "Light", dark: "Dark" },
  density: "Density",
  densities: { dense: "Dense", comfortable: "Comfortable" },
  language: "Language",
  timeZone: "Time zone",
  timeZoneHelp: "Such as Europe/Berlin; the browser's own ({{zone}}) where empty",
  noSuchZone: "There is no such time zone.",
} as const;
