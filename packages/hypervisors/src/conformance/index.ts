import { describe } from "vitest";
import { changesTheme } from "./changesTheme.ts";
import { consoleTheme } from "./consoleTheme.ts";
import { endingTheme } from "./endingTheme.ts";
import { hardwareTheme } from "./hardwareTheme.ts";
import { inventoryTheme } from "./inventoryTheme.ts";
import { makingTheme } from "./makingTheme.ts";
import { migrationTheme } from "./migrationTheme.ts";
import { refusalTheme } from "./refusalTheme.ts";
import { samplesTheme } from "./samplesTheme.ts";
import { snapshotTheme } from "./snapshotTheme.ts";
import { stateTheme } from "./stateTheme.ts";
import { storageTheme } from "./storageTheme.ts";
import { suite } from "./suite.ts";
import type { ConformanceTarget } from "./target.ts";
import { volumeTheme } from "./volumeTheme.ts";

export type { ConformanceTarget } from "./target.ts";

const themes = {
  inventory: inventoryTheme,
  changes: changesTheme,
  states: stateTheme,
  making: makingTheme,
  hardware: hardwareTheme,
  snapshots: snapshotTheme,
  volumes: volumeTheme,
  storage: storageTheme,
  consoles: consoleTheme,
  samples: samplesTheme,
  migration: migrationTheme,
  refusals: refusalTheme,
  ending: endingTheme,
};
export type ConformanceTheme = keyof typeof themes;
export const conformanceThemes = Object.keys(themes) as ConformanceTheme[];

/**
 * The one suite that every adapter passes: each promise of `Hypervisor` as a test. Call it in a vitest file. Tests
 * that an endpoint's features or the target rule out are skipped with the reason; none depends on another, and
 * each removes what it made.
 * @param only some themes, for a target on which the others make no sense
 */
export function conformance(name: string, target: ConformanceTarget, only: readonly ConformanceTheme[] = conformanceThemes): void {
  describe(`${name} keeps the promises of a hypervisor`, () => {
    const check = suite(target);
    for (const theme of only) describe(theme, () => themes[theme](check));
  });
}
