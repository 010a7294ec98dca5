import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "./lab/until.ts";
import { tellSupervisor } from "./tellSupervisor.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "notify-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("systemd is told by its own program that the server serves, and where", async () => {
  const socket = path.join(folder, "notify");
  const systemd = spawn("nc", ["-lkUu", socket], { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  systemd.stdout.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  const gone = once(systemd, "exit");
  try {
    await until("the socket", () => existsSync(socket));
    await tellSupervisor(socket, "at https://127.0.0.1:8420", pino({ level: "silent" }));
    await until("the message", () => said.includes("READY=1"));
    expect(said).toContain("STATUS=at https://127.0.0.1:8420");
  } finally {
    systemd.kill();
    await gone;
  }
});

test("a supervisor that is not there is logged, and ends nothing; where none asked, nothing is done", async () => {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  await tellSupervisor(path.join(folder, "nobody"), "x", log);
  expect(lines.join("")).toContain("systemd could not be told");
  await tellSupervisor(undefined, "x", log);
  await tellSupervisor("", "x", log);
  expect(lines).toHaveLength(1);
});
