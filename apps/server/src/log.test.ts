import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

test("secrets are struck out wherever someone logs them by mistake, and a crash loses no line", () => {
  const script = `
    const { makeLog } = await import(${JSON.stringify(new URL("./log.ts", import.meta.url).href)});
    const log = makeLog("info");
    const s = "geheim";
    log.info({ token: s, passPhrase: s, input: { credential: { username: "u", password: s }, password: s }, body: { passPhrase: s }, request: { headers: { authorization: s } }, headers: s }, "hello");
    log.error({ err: Object.assign(new Error("outer", { cause: new Error("inner") }), { parameters: [s], detail: s }) }, "bad");
    process.kill(process.pid, "SIGKILL");`;
  const { stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(stderr).not.toContain("geheim");
  const [first, second] = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, never>);
  expect(first).toMatchObject({ level: "info", msg: "hello", input: { credential: "(left out)" } });
  expect(second).toMatchObject({ err: { message: "outer", cause: { message: "inner" } } });
});
