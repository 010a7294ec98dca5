import type { PlanStep } from "@polyvisor/model";
import type pg from "pg";
import { pino } from "pino";
import { expect, it } from "vitest";
import { ClaimLost, type Claim } from "../events/claim.ts";
import { StepWork } from "./stepWork.ts";

const task: Claim = { kind: "task", id: "t-1", fence: 1, lost: false };
const step = { n: 1, hostId: "h-1", action: { verb: "vm.start", vm: "v", paused: false } } as unknown as PlanStep;
const context = { signal: new AbortController().signal, interrupted: false, progress: () => undefined };

/** A database that fails as told, once for each, before it answers. */
function workOver(failures: Error[]): { work: StepWork; asked: string[] } {
  const asked: string[] = [];
  const query = async (sql: string): Promise<unknown> => {
    const word = /^\w+/.exec(sql)![0];
    if (/join lease/.test(sql)) return { rows: [] }; // the look for steps of its own
    asked.push(word);
    const failure = failures.shift();
    if (failure) throw failure;
    return word === "select" ? { rows: [{ state: "done", progress: 1, message: "started", failure: null }] } : { rowCount: 1, rows: [] };
  };
  const unused = undefined as never;
  const work = new StepWork({
    pool: { query } as unknown as pg.Pool,
    serverId: "s-1",
    leases: unused,
    performer: unused,
    turns: unused,
    heard: async () => undefined,
    tell: () => undefined,
    log: pino({ level: "silent" }),
  });
  return { work, asked };
}

it("a database that is away while a step is another server's is no failure of the step", async () => {
  const { work, asked } = workOver([new Error("Connection terminated unexpectedly"), Object.assign(new Error("shutting down"), { code: "57P01" })]);
  await expect(work.offer(task, step, context)).resolves.toEqual({ message: "started" });
  expect(asked).toEqual(["insert", "insert", "insert", "select"]);
});

it("what the database itself refuses is told, and a server that stops does not wait for it", async () => {
  await expect(workOver([Object.assign(new Error("no such column"), { code: "42703" })]).work.offer(task, step, context)).rejects.toThrow("no such column");
  const { work } = workOver([new Error("Connection terminated unexpectedly")]);
  await work.close();
  await expect(work.offer(task, step, context)).rejects.toBeInstanceOf(ClaimLost);
});
