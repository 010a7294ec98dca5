import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { simWorld } from "@polyvisor/hypervisors";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openLabPlane, type LabPlane } from "../lab/labPlane.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { until } from "../lab/until.ts";

let site: SitePostgres;
let lab: LabPlane;
let recipes: string;
beforeAll(async () => {
  site = await startSitePostgres();
});
afterAll(() => site.close());
beforeEach(async () => {
  recipes = await mkdtemp(path.join(tmpdir(), "recipes-"));
  await recipe(`echo "50% half"; printf 'KERNEL%s' "$FLAVOUR" > "$1/vmlinuz"; cp "$0" "$1/.hidden"
printf '{"name":"tiny","version":"1","description":"a test","spec":{"memory":67108864,"boot":{"kernel":"image:vmlinuz"}}}' > "$1/template.json"`);
  lab = await openLabPlane(await site.database(), { recipesFolder: recipes });
  await lab.plane.hosts.add({ uri: "sim://templates/host-0001?vms=0" }, "me");
  await until("the host", () => lab.plane.metrics().hosts.connected === 1);
});
afterEach(async () => {
  await lab.close();
  await rm(recipes, { recursive: true, force: true });
  simWorld("templates").reset();
});

async function recipe(script: string): Promise<void> {
  await mkdir(path.join(recipes, "tiny"), { recursive: true });
  await writeFile(path.join(recipes, "tiny/build.sh"), `#!/bin/sh\nset -e\n${script}\n`);
  await chmod(path.join(recipes, "tiny/build.sh"), 0o755);
}
const build = () => lab.run({ do: "template.build", template: "tiny" });
const create = (name: string) => lab.run({ do: "vm.create", template: "tiny", spec: { name }, start: true });
const left = async (): Promise<string[]> => (await readdir(path.join(lab.folder, "templates/tiny"))).filter((name) => name.startsWith("building"));

test("a template is built once, brought to a host once, and VMs boot from it", async () => {
  expect(await lab.plane.templates.list()).toEqual([{ name: "tiny", built: false, description: "not built yet" }]);
  await expect(create("early")).rejects.toMatchObject({ code: "preCheckFailed", remedy: expect.stringMatching(/template build tiny/) });
  expect(await build()).toMatchObject({ state: "succeeded" });
  expect(await lab.plane.templates.list()).toEqual([{ name: "tiny", built: true, version: "1", description: "a test", size: 6 }]);
  const first = await create("one");
  expect(first).toMatchObject({ state: "succeeded" });
  expect(first.plan.steps.map((step) => step.action.verb)).toEqual(["image.place", "vm.create", "vm.start"]);
  const placed = first.plan.steps[0]!.action as { datastore: string; volume: string };
  const host = lab.plane.estate.find("host", "host-0001");
  const bytes: Uint8Array[] = [];
  for await (const chunk of await lab.plane.hosts.hypervisor(host.id).readVolume(placed.datastore, placed.volume)) bytes.push(chunk);
  expect(Buffer.concat(bytes).subarray(0, 6).toString()).toBe("KERNEL");
  await until("the volume is in the estate", () =>
    lab.plane.estate.page("datastore", { limit: 100 }).items.some((store) => store.volumes.some((volume) => volume.name === placed.volume)),
  );
  await lab.reopen();
  await until("the host", () => lab.plane.metrics().hosts.connected === 1);
  expect((await create("two")).plan.steps.map((step) => step.action.verb)).toEqual(["vm.create", "vm.start"]);
  expect(lab.plane.estate.find("vm", "two")).toMatchObject({ state: "running", memory: { max: 67_108_864 } });
});

test("a connection that breaks during an upload is made good", async () => {
  await build();
  const world = simWorld("templates").host("host-0001");
  world.fault("delay:volume.create:200");
  const upload = create("one");
  await until("the upload begins", async () => (await lab.plane.tasks.list({ limit: 1, state: "running" })).items.length === 1);
  world.drop();
  expect(await upload).toMatchObject({ state: "succeeded" });
});

test("a recipe that fails says what it said last, and leaves nothing", async () => {
  await recipe('echo "10% begun"; echo "the mirror is down" >&2; exit 3');
  expect(await build()).toMatchObject({ state: "failed", failure: { code: "hypervisorFailed", detail: expect.stringMatching(/code 3: the mirror is down/) } });
  expect(await left()).toEqual([]);
  expect((await lab.plane.templates.list())[0]).toMatchObject({ built: false });
});

test("a build that fails leaves the former version in use", async () => {
  await build();
  await recipe('echo rubbish > "$1/template.json"; exit 1');
  expect((await build()).state).toBe("failed");
  expect((await lab.plane.templates.list())[0]).toMatchObject({ built: true, version: "1" });
});

test("cancelled, the recipe is ended with all it started", async () => {
  await recipe('echo $$ > "$1/../pid"; sleep 1000 & sleep 1000');
  const task = await lab.plane.tasks.create({ request: { do: "template.build", template: "tiny" }, reason: "", account: "me" });
  await until("it runs", async () => (await readdir(path.join(lab.folder, "templates/tiny")).catch((): string[] => [])).includes("pid"));
  await lab.plane.tasks.cancel(task.id);
  expect(await lab.ended(task.id)).toMatchObject({ state: "cancelled" });
  expect(await left()).toEqual([]);
});

test("builds of one template at the same time wait for each other, and none takes another's work away", async () => {
  await recipe(`echo > "$1/../begun"; until [ -e "$1/../go" ]; do sleep 0.01; done
printf '{"name":"tiny","version":"1"}' > "$1/template.json"`);
  const begin = () => lab.plane.tasks.create({ request: { do: "template.build", template: "tiny" }, reason: "", account: "me" });
  const first = await begin();
  const home = path.join(lab.folder, "templates/tiny");
  await until("it runs", async () => (await readdir(home).catch((): string[] => [])).includes("begun"));
  const others = await Promise.all([begin(), begin()]);
  await until("the others are begun", async () => (await lab.plane.tasks.list({ limit: 9, state: "running" })).items.length === 3);
  expect(await left()).toHaveLength(1);
  await writeFile(path.join(home, "go"), "");
  for (const { id } of [first, ...others]) expect(await lab.ended(id)).toMatchObject({ state: "succeeded" });
  expect(await left()).toEqual([]);
});

test.each([
  ["no template.json", "true"],
  ["a version that is a path", `printf '{"name":"tiny","version":"../../x"}' > "$1/template.json"`],
  ["a specification that is none", `printf '{"name":"tiny","spec":{"memory":"much"}}' > "$1/template.json"`],
  ["something else", `echo '[' > "$1/template.json"`],
])("a recipe that makes %s fails and changes nothing", async (_what, script) => {
  await recipe(script);
  const task = await build();
  expect(task.state).toBe("failed");
  expect(task.failure!.code).toBe("hypervisorFailed");
  expect(await left()).toEqual([]);
});
