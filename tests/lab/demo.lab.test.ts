import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { freePort } from "./privateLibvirtd.ts";

const launcher = path.resolve("polyvisor");

it("runs a server over a simulated estate, and leaves nothing when it ends", async () => {
  const demo = spawn(launcher, ["demo", "--hosts", "2", "--vms", "3", "--port", String(await freePort())], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => demo.once("exit", resolve));
  try {
    let data: string | undefined;
    for await (const line of createInterface({ input: demo.stdout })) {
      data ??= /POLYVISOR_DATA=(\S+)/.exec(line)?.[1];
      if (line.startsWith("Ctrl-C")) break;
    }
    const { stdout } = await promisify(execFile)(launcher, ["list", "-o", "name"], {
      env: { ...process.env, POLYVISOR_DATA: data, POLYVISOR_URL: "", POLYVISOR_TOKEN: "" },
    });
    expect(stdout.trim().split("\n").sort()).toEqual(["vm-000001", "vm-000002", "vm-000003", "vm-000004", "vm-000005", "vm-000006"]);
    demo.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(existsSync(path.dirname(data!))).toBe(false);
  } finally {
    demo.kill("SIGTERM");
    await ended;
  }
});
