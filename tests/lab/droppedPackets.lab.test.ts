import { execFile, execFileSync } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** Why this machine cannot cut a network of its own. */
function missing(): string | undefined {
  try {
    execFileSync("unshare", ["-n", "sh", "-c", "ip link set lo up && iptables -L INPUT"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "no network namespace with iptables can be made here";
  }
}

it.skipIf(missing() !== undefined)("a host whose packets are dropped is found dead by keepalive, keeps nobody waiting, and is found again", async () => {
  const program = path.resolve("tests/lab/droppedPacketsProgram.ts");
  const { stdout } = await promisify(execFile)("unshare", ["-n", "sh", "-c", 'ip link set lo up && exec "$0" "$1"', process.execPath, program], {
    env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
  });
  expect(JSON.parse(stdout)).toEqual({ answered: true, calls: ["dead", "dead", "dead"], over: "dead", anew: "timeout", back: true });
});
