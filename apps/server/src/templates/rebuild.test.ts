import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type pg from "pg";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { buildTemplate } from "./buildTemplate.ts";
import { Templates } from "./templates.ts";

// The server dies before one of the calls that change the data folder, and before none of those behind it is made: every
// such point of a build is tried.
const death = vi.hoisted(() => ({ at: Infinity, calls: 0 }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const mortal = Object.fromEntries(
    (["mkdir", "mkdtemp", "rename", "rm", "writeFile"] as const).map((name) => [
      name,
      (...args: unknown[]) => (++death.calls > death.at ? Promise.reject(new Error("dead")) : (real[name] as (...all: unknown[]) => Promise<unknown>)(...args)),
    ]),
  );
  return { ...real, ...mortal };
});

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "rebuild-"));
});
afterEach(async () => {
  death.at = Infinity;
  await rm(root, { recursive: true, force: true });
});

async function recipe(kernel: string, version = "1"): Promise<void> {
  const folder = path.join(root, "recipes/tiny");
  await mkdir(folder, { recursive: true });
  await writeFile(
    path.join(folder, "build.sh"),
    `#!/bin/sh\nset -e\nprintf ${kernel} > "$1/vmlinuz"\nprintf '{"name":"tiny","version":"${version}"}' > "$1/template.json"\n`,
  );
  await chmod(path.join(folder, "build.sh"), 0o755);
}
/** As a server that starts sees them. */
const open = (): Promise<Templates> =>
  Templates.open({
    recipesFolder: path.join(root, "recipes"),
    folder: path.join(root, "built"),
    pool: { query: async () => ({ rows: [] }) } as unknown as pg.Pool,
    log: pino({ level: "silent" }),
  });
const build = async (templates: Templates): Promise<void> =>
  void (await buildTemplate(templates, "tiny", { signal: new AbortController().signal, progress: () => undefined }));
/** What VMs would boot of the template; absent where it is not built. */
async function kernel(): Promise<string | undefined> {
  const templates = await open();
  const sha256 = templates.forPlans().get("tiny")?.files.get("vmlinuz")?.sha256;
  if (sha256 === undefined) return undefined;
  const text = await readFile(templates.fileOf("tiny/vmlinuz", sha256)!, "utf8");
  expect(createHash("sha256").update(text).digest("hex")).toBe(sha256);
  return text;
}

it("a template is in use, whole, at whichever point a build of the same version dies", async () => {
  await recipe("OLD");
  await build(await open());
  const seen = new Set<string | undefined>();
  let points = 0;
  for (let at = 0; ; at++, points++) {
    await recipe(`NEW${at}`);
    const before = await kernel();
    const templates = await open();
    death.calls = 0;
    death.at = at;
    const died = await build(templates).then(
      () => false,
      () => true,
    );
    death.at = Infinity;
    const after = await kernel();
    expect([before, `NEW${at}`], `dead at ${at}`).toContain(after);
    seen.add(after === before ? "old" : "new");
    if (!died) break;
    expect((await open()).isBuilt("tiny")).toBe(true);
  }
  expect(points).toBeGreaterThan(4);
  expect(seen).toEqual(new Set(["old", "new"]));
});

it("the first build leaves nothing that counts until it is whole", async () => {
  await recipe("OLD");
  for (let at = 0; ; at++) {
    death.calls = 0;
    death.at = at;
    const died = await build(await open()).then(
      () => false,
      () => true,
    );
    death.at = Infinity;
    expect([undefined, "OLD"]).toContain(await kernel());
    if (!died) break;
  }
  expect(await kernel()).toBe("OLD");
});

it("what is read while the template is built anew stays readable, and older builds go", async () => {
  await recipe("A");
  const templates = await open();
  await build(templates);
  const first = templates.fileOf("tiny/vmlinuz", templates.forPlans().get("tiny")!.files.get("vmlinuz")!.sha256)!;
  await recipe("B");
  await build(templates);
  expect(await readFile(first, "utf8")).toBe("A");
  await recipe("C");
  await build(templates);
  await expect(readFile(first)).rejects.toMatchObject({ code: "ENOENT" });
  expect(await kernel()).toBe("C");
});

it.each(["current", "current.new", "building-1"])("a version that is called %s is one like any other", async (version) => {
  await recipe("A", version);
  const templates = await open();
  await build(templates);
  await recipe("B", version);
  await build(templates);
  expect(await kernel()).toBe("B");
  expect((await templates.list())[0]).toMatchObject({ built: true, version });
});
