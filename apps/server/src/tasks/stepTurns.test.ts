import type { PlanStep } from "@polyvisor/model";
import { expect, it } from "vitest";
import { StepTurns } from "./stepTurns.ts";

const on = (hostId: string, verb = "vm.start"): PlanStep => ({ n: 1, hostId, action: { verb } }) as unknown as PlanStep;
const never = new AbortController().signal;
const isOver = (work: Promise<unknown>): Promise<boolean> =>
  Promise.race([work.then(() => true), new Promise<false>((resolve) => setImmediate(() => setImmediate(() => resolve(false))))]);

it("steps that are begun and wait for another server keep nobody from the host", async () => {
  const turns = new StepTurns();
  for (let i = 0; i < 4; i++) await turns.begin(on("h-1"), never);
  expect(await isOver(turns.begin(on("h-1"), never))).toBe(false);
  // The host became this server's: the steps that the four wait for are carried out here.
  for (let i = 0; i < 4; i++) expect(await isOver(turns.enter(on("h-1"), undefined))).toBe(true);
});

it("as many as are begun in all, each waiting for another server, keep nobody from the hosts of this one", async () => {
  const turns = new StepTurns();
  for (let i = 0; i < 512; i++) await turns.begin(on(`theirs-${i}`), never);
  expect(await isOver(turns.begin(on("mine"), never))).toBe(false);
  expect(await isOver(turns.enter(on("mine"), undefined))).toBe(true);
});

it("at a host are four at a time, whoever ordered it, and who fails leaves", async () => {
  const turns = new StepTurns();
  const over = Promise.withResolvers<void>();
  const work = [1, 2, 3, 4].map((n) => turns.atHost(on("h-1"), undefined, () => (n === 1 ? Promise.reject(new Error("broken")) : over.promise)));
  await expect(work[0]).rejects.toThrow("broken");
  await turns.enter(on("h-1"), undefined);
  const late = turns.enter(on("h-1"), undefined);
  expect(await isOver(late)).toBe(false);
  expect(await isOver(turns.enter(on("h-1", "vm.shutdown"), undefined))).toBe(true); // those only wait for a guest
  over.resolve();
  await late;
});

it("who is cancelled in line is out of it", async () => {
  const turns = new StepTurns();
  const leave = await Promise.all([1, 2, 3, 4].map(() => turns.enter(on("h-1"), undefined)));
  const cancel = new AbortController();
  const cancelled = turns.enter(on("h-1"), cancel.signal);
  cancel.abort(new Error("cancelled"));
  await expect(cancelled).rejects.toThrow("cancelled");
  leave[0]!();
  expect(await isOver(turns.enter(on("h-1"), undefined))).toBe(true);
});
