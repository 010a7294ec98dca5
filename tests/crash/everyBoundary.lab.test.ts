import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { composedRequests, simpleVmVerbs } from "@polyvisor/api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeDataFolder } from "../../apps/server/src/lab/labServer.ts";
import { startSitePostgres, type SitePostgres } from "../../apps/server/src/lab/sitePostgres.ts";
import { crashCases } from "./cases.ts";
import { CrashField, forget, makeRecipe, makeRun, tell, worldText, type CrashPoint, type CrashRun } from "./crashRun.ts";

let site: SitePostgres;
let recipesFolder: string;
let dataFolder: string;
const kinds = Object.keys(crashCases);

/** Without a crash: how far each kind of task goes, and what the world is like then. */
const undisturbed = new Map<string, CrashRun & { text: string[] }>();

beforeAll(async () => {
  site = await startSitePostgres();
  recipesFolder = await mkdtemp(path.join(tmpdir(), "recipes-"));
  for (const name of ["tiny", "small"]) await makeRecipe(recipesFolder, name);
  dataFolder = await makeDataFolder();
  const field = new CrashField(await options(), await Promise.all(kinds.map((what) => makeRun(what))));
  await field.start();
  await field.server.ask({ order: { request: { do: "template.build", template: "tiny" }, reason: "", account: "test" }, point: "template" });
  await field.addHosts();
  await field.orderAll();
  for (const run of field.runs) undisturbed.set(run.what, { ...run, text: await worldText(run.world) });
  await field.kill();
  forget(field.runs);
}, 180_000);
afterAll(async () => {
  await site.close();
  for (const folder of [recipesFolder, dataFolder]) await rm(folder, { recursive: true, force: true });
});

const options = async () => ({ databaseUrl: await site.database(), dataFolder, recipesFolder });

/** All points at which a task of this kind can be cut off. */
const pointsOf = (what: string): CrashPoint[] => points(undisturbed.get(what)!);

/** Boundaries that were passed, and actions on their way to a host. */
function points({ passed, actions }: { passed: readonly string[]; actions: number }): CrashPoint[] {
  const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
  return [
    ...numbers(passed.length).map((boundary) => ({ boundary })),
    ...numbers(actions).flatMap((action) => (["lost", "unheard"] as const).map((fate) => ({ action, fate }))),
  ];
}

/** How far the mending of each went, by kind and point of the first death. */
const mendings: { what: string; point: CrashPoint; mended: CrashRun["mended"] }[] = [];
/**
 * Kinds with one step, with several, with something to undo, and one that nobody can see: these die twice. All of them
 * would take minutes; builds of one template wait for each other, so that none of many could be held.
 */
const twice = ["vm.create with two disks that is undone", "vm.clone", "vm.migrate", "vm.start", "vm.reset", "volume.create"];

const verbsOf = ({ done }: CrashRun): string[] => done.map(({ verb }) => verb).sort();

/** The world has each thing once, and the task says what came of it. */
async function check(run: CrashRun): Promise<void> {
  const { text, ...whole } = undisturbed.get(run.what)!;
  const { task, its } = run;
  const now = await worldText(run.world);
  const states = task!.steps.map(({ state }) => state);
  if (its.blind && states.includes("interrupted")) {
    // Nobody can see whether it was done: it is never repeated, and told as what it is.
    expect([task!.state, task!.failure?.code], tell(run)).toEqual(["failed", "interrupted"]);
    expect(run.done.length, tell(run)).toBeLessThanOrEqual(1);
    expect(task!.failure!.remedy, tell(run)).not.toBe("");
    return;
  }
  expect([task!.state, states, verbsOf(run)], `${tell(run)}: ${JSON.stringify(task!.failure)}`).toEqual([
    its.ends ?? "succeeded",
    whole.task!.steps.map(({ state }) => state),
    verbsOf(whole),
  ]);
  const apart = [
    ...text.filter((line) => !now.includes(line)).map((line) => `missing: ${line}`),
    ...now.filter((line) => !text.includes(line)).map((line) => `more: ${line}`),
  ];
  expect(apart.length === 0 && now.length === text.length, `${tell(run)}:\n${apart.join("\n")}`).toBe(true);
  // What was under way says how it was found.
  const { point, again } = run;
  if (!again && point && "fate" in point && its.ends === undefined)
    expect(task!.steps.map(({ message }) => message).join("; "), tell(run)).toMatch(
      point.fate === "lost" ? /was not done, so it was done now|done anew/ : /found done|done anew/,
    );
}

/** All that is wrong, and not only the first. */
async function checkAll(runs: readonly CrashRun[]): Promise<void> {
  const wrong: string[] = [];
  for (const run of runs) await check(run).catch((error: Error) => wrong.push(error.message.slice(0, 2_000)));
  expect(wrong).toEqual([]);
}

test("every kind of request has a case", () => {
  const all = new Set<string>([
    ...simpleVmVerbs,
    ...composedRequests.flatMap((each) => ((each.shape.do as { values: Set<string> }).values ? [...(each.shape.do as { values: Set<string> }).values] : [])),
  ]);
  const covered = new Set(Object.values(crashCases).map((its) => its.request({ name: "x", a: "", b: "", vm: "v", nameA: "a", nameB: "b" } as never).do));
  expect([...all].filter((each) => !covered.has(each))).toEqual([]);
});

test("undisturbed, each kind of task comes to its end", () => {
  for (const [what, { task, its }] of undisturbed)
    expect([task!.state, task!.failure], what).toEqual([its.ends ?? "succeeded", its.ends ? expect.anything() : undefined]);
});

test("kill -9 of the server at every boundary of every kind of task", { timeout: 400_000 }, async () => {
  const runs = await Promise.all(kinds.flatMap((what) => pointsOf(what).map((point) => makeRun(what, point))));
  const field = new CrashField(await options(), runs);
  await field.start();
  await field.addHosts();
  await field.orderAll();
  await field.kill();
  await field.start();
  await field.repeatAll();
  await checkAll(runs);
  for (const { what, point, mended } of runs) mendings.push({ what, point: point!, mended });
  await field.kill();
  forget(runs);
  expect(runs.length).toBeGreaterThan(300);
  process.stdout.write(`kill -9 of the server: ${runs.length} crash points of ${kinds.length} kinds of task\n`);
});

test("kill -9 of the server while it mends what a kill of it left, at every boundary of that", { timeout: 400_000 }, async () => {
  const wanted = mendings.flatMap(({ what, point, mended }) => (twice.includes(what) ? points(mended).map((again) => ({ what, point, again })) : []));
  // A server has so many steps under way at most, and each of these holds one.
  for (let from = 0; from < wanted.length; from += 400) {
    const runs = await Promise.all(wanted.slice(from, from + 400).map(({ what, point, again }) => makeRun(what, point, again)));
    const field = new CrashField(await options(), runs);
    await field.start();
    await field.addHosts();
    await field.orderAll();
    await field.kill();
    await field.start();
    await field.mendedSoFar();
    await field.kill();
    await field.start();
    await field.repeatAll();
    await checkAll(runs);
    await field.kill();
    forget(runs);
  }
  expect(wanted.length).toBeGreaterThan(200);
  process.stdout.write(`kill -9 of the server during its recovery: ${wanted.length} pairs of crash points of ${twice.length} kinds of task\n`);
});

test("kill -9 of PostgreSQL at every boundary of every kind of task", { timeout: 400_000 }, async () => {
  const runs = await Promise.all(
    kinds.flatMap((what) =>
      pointsOf(what)
        .filter((point) => "boundary" in point)
        .map((point) => makeRun(what, point)),
    ),
  );
  const field = new CrashField(await options(), runs);
  await field.start();
  await field.addHosts();
  await field.orderAll();
  await site.signal("SIGKILL");
  // Each task goes on where it was held, and finds nobody to write it down.
  await field.release();
  await site.restart();
  await field.repeatAll();
  await checkAll(runs);
  await field.kill();
  forget(runs);
  expect(runs.length).toBeGreaterThan(200);
  process.stdout.write(`kill -9 of PostgreSQL: ${runs.length} crash points of ${kinds.length} kinds of task\n`);
});
