import { defineConfig } from "vitest/config";

/** How long what is looked for again and again may take to come. Without it a second, which a busy machine does not keep. */
const patience = (timeout: number) => ({ poll: { timeout } });

/** Rings: `unit` needs nothing but Node; `e2e` needs Chromium and the built console; `lab` needs real daemons that tools/test starts; `cli` runs the launcher. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/**/*.test.ts", "apps/**/*.test.{ts,tsx}", "tests/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.lab.test.ts", "**/dist/**"],
          testTimeout: 20_000,
          expect: patience(10_000),
        },
      },
      {
        test: {
          name: "e2e",
          include: ["tests/e2e/**/*.e2e.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          expect: patience(20_000),
          // A browser and a server each: side by side they would only wait for each other.
          maxWorkers: 1,
        },
      },
      {
        test: {
          name: "lab",
          include: ["packages/**/*.lab.test.ts", "apps/**/*.lab.test.ts", "tests/lab/**/*.lab.test.ts", "tests/crash/**/*.lab.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          expect: patience(20_000),
          // Two at a time: most of what they do is to wait. Files that share a daemon take turns.
          maxWorkers: 2,
        },
      },
    ],
  },
});
