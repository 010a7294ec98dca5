export const preferences = {
  theme: "Theme",
  themes: { system: "As the system", light: "Light", dark: "Dark" },
  density: "Density",
  densities: { dense: "Dense", comfortable: "Comfortable" },
  language: "Language",
} as const;
