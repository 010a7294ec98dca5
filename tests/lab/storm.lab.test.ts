import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { runStorm } from "../storm/storm.ts";

// A short one each time; `./polyvisor storm` makes long ones.
test.each([
  { seed: 3, servers: 1, what: "one server, always the same choices" },
  { seed: randomInt(1_000_000), servers: 2, what: "two servers, choices that nobody made before" },
])("a storm of 10 s with seed $seed: $what", { timeout: 600_000 }, async ({ seed, servers }) => {
  const { faults, summary } = await runStorm({ seed, servers, seconds: 10, qemu: servers === 1 });
  process.stdout.write(`${summary}\n`);
  expect(faults, summary).toEqual([]);
});
