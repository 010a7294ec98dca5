import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { aHost, aVm } from "./testing/documents.ts";
import { fixtureServer } from "./testing/fixtureServer.ts";

/** Runs `argv` in a process that tells, at its end, everything that it loaded. */
async function loadedBy(url: string, ...argv: string[]): Promise<string[]> {
  const script = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    const [{ run }, { processIo }] = await Promise.all([import(${JSON.stringify(new URL("program.ts", import.meta.url))}), import(${JSON.stringify(new URL("io.ts", import.meta.url))})]);
    const code = await run(${JSON.stringify(argv)}, { ...processIo(), stdout: { write: () => true } });
    if (code !== 0) throw new Error("exit code " + code);
    process.stdout.write(JSON.stringify([...loaded, ...process.moduleLoadList]), () => process.exit(0));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    env: { PATH: process.env["PATH"], HOME: "/nonexistent", POLYVISOR_URL: url, POLYVISOR_TOKEN: "t" },
    maxBuffer: 16 * 1024 ** 2,
  });
  return JSON.parse(stdout) as string[];
}

it("loads nothing heavy on the way of list: no schemas, no prompts, no YAML, not Node's fetch", async () => {
  await using server = await fixtureServer({ hostList: () => ({ items: [aHost()], total: 1 }), vmList: () => ({ items: [aVm()], total: 1 }) });
  const loaded = await loadedBy(server.url, "list");
  expect(loaded.some((url) => url.endsWith("/packages/api/src/client.ts"))).toBe(true);
  expect(loaded.filter((url) => /\/(zod|yaml|@clack)\/|packages\/model\/src\/(?!units)|internal\/deps\/undici/.test(url))).toEqual([]);
});
