import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { connectHypervisor, simWorld, type Hypervisor } from "@polyvisor/hypervisors";
import type pg from "pg";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Estate } from "../estate/estate.ts";
import { buildTemplate } from "./buildTemplate.ts";
import { placeImage } from "./placeImage.ts";
import { Templates } from "./templates.ts";

let root: string;
let hypervisor: Hypervisor;
let written: number;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "place-"));
  await mkdir(path.join(root, "recipes/tiny"), { recursive: true });
  await writeFile(path.join(root, "recipes/tiny/build.sh"), `#!/bin/sh\nprintf KERNEL > "$1/vmlinuz"; printf '{"name":"tiny"}' > "$1/template.json"\n`);
  await chmod(path.join(root, "recipes/tiny/build.sh"), 0o755);
  const real = await connectHypervisor("sim://placing/host-0001?vms=0", { signal: new AbortController().signal, openTimeoutMs: 5_000, callTimeoutMs: 5_000 });
  written = 0;
  const write = real.writeVolume.bind(real);
  real.writeVolume = (...args) => (written++, write(...args));
  hypervisor = real;
});
afterEach(async () => {
  simWorld("placing").reset();
  await rm(root, { recursive: true, force: true });
});

const away = (): Error => Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" });
const sha256 = createHash("sha256").update("KERNEL").digest("hex");
const context = (signal = new AbortController().signal) => ({ signal, progress: () => undefined });

/** @param answer what the database says of each question that comes once the image is on its way */
async function place(answer: () => Promise<unknown>, storePatience: number, signal?: AbortSignal): Promise<{ message: string }> {
  let opened = false;
  const query = async (): Promise<unknown> => (opened ? answer() : { rows: [] });
  const templates = await Templates.open({
    recipesFolder: path.join(root, "recipes"),
    folder: path.join(root, "built"),
    pool: { query } as unknown as pg.Pool,
    log: pino({ level: "silent" }),
    storePatience,
  });
  opened = true;
  await buildTemplate(templates, "tiny", context());
  const datastore = (await hypervisor.inventory()).datastores[0]!.name;
  const action = { verb: "image.place", image: "tiny/vmlinuz", sha256, size: 6, datastore, volume: "kernel" } as const;
  return placeImage(templates, new Estate(), "h-1", hypervisor, action, context(signal));
}

it("what was sent is not sent again because the database is away for a moment", async () => {
  let asked = 0;
  const answer = async (): Promise<unknown> => {
    if (++asked < 3) throw away();
    return { rows: [], rowCount: 1 };
  };
  expect(await place(answer, 60_000)).toEqual({ message: expect.stringContaining("6 bytes brought to") });
  expect([asked, written]).toEqual([3, 1]);
});

it("a database that does not come back ends the step, with what to do", async () => {
  await expect(place(() => Promise.reject(away()), 1)).rejects.toMatchObject({
    code: "storeUnavailable",
    detail: expect.stringMatching(/did not come back/),
    remedy: expect.stringMatching(/repeat the request/),
  });
  expect(written).toBe(1);
});

it("who is cancelled meanwhile does not wait", async () => {
  const cancel = new AbortController();
  const answer = (): Promise<unknown> => (cancel.abort(new Error("cancelled")), Promise.reject(away()));
  await expect(place(answer, 60_000, cancel.signal)).rejects.toThrow("cancelled");
});
