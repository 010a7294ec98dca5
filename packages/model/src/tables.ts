/** What is known without a schema library: a browser and a command that must start fast come in by this door. */
export * from "./error.ts";
export * from "./feature.ts";
export * from "./permission.ts";
export * from "./state.ts";
export * from "./units.ts";
export * from "./verbs.ts";
