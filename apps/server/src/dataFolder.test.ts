import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeDataFolder } from "./dataFolder.ts";
import { StartError } from "./startError.ts";

let root: string;
beforeEach(async () => (root = await mkdtemp(path.join(tmpdir(), "polyvisor-folder-"))));
afterEach(() => rm(root, { recursive: true }));

test("one server has it; when it is released the next may; the server's id stays", async () => {
  const folder = path.join(root, "a/b");
  const first = await takeDataFolder(folder);
  await expect(takeDataFolder(folder)).rejects.toThrow(new RegExp(`process ${process.pid}\\) runs on the data folder`));
  await first.release();
  const second = await takeDataFolder(folder);
  expect(second.serverId).toBe(first.serverId);
  await second.release();
});

test("of many at the same moment, over the lock of a dead server, one gets it", async () => {
  // A process that ended: its number means nothing any more, or is another's with another start.
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  for (let round = 0; round < 10; round++) {
    await writeFile(path.join(root, "server.lock"), `${round % 2 ? dead : process.pid} 1 aaaa\n`);
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => takeDataFolder(root)));
    const got = results.filter((each) => each.status === "fulfilled");
    expect(got).toHaveLength(1);
    for (const each of results) if (each.status === "rejected") expect(each.reason).toBeInstanceOf(StartError);
    await got[0]!.value.release();
  }
  expect((await readdir(root)).sort()).toEqual(["server-id"]); // nothing is left lying about
});

test("a folder is made for its account alone, or passable under root, where the database has another account", async () => {
  for (const [isRoot, mode] of [
    [false, 0o700],
    [true, 0o711],
  ] as const) {
    const folder = path.join(root, String(isRoot));
    await (await takeDataFolder(folder, isRoot)).release();
    expect((await stat(folder)).mode & 0o777).toBe(mode);
  }
});

test("a file in its place is named", async () => {
  await writeFile(path.join(root, "file"), "");
  await expect(takeDataFolder(path.join(root, "file"))).rejects.toThrow(/is no folder[^]*--data/);
  await expect(takeDataFolder(path.join(root, "file/below"))).rejects.toThrow(/is no folder/);
});
