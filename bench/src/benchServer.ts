import { spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient, type Client } from "@polyvisor/api";
import { freePort } from "../../tests/lab/privateLibvirtd.ts";

const main = new URL("../../apps/server/src/main.ts", import.meta.url).pathname;

/** A server of our own with its private database in a folder of its own. */
export async function benchServer(): Promise<{ client: Client; pid: number; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "pv-bench-"));
  await chmod(folder, 0o711); // as root, PostgreSQL runs as another account and must get through
  const data = join(folder, "data");
  const child = spawn(process.execPath, [main, "--data", data, "--port", String(await freePort())], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-8_000)));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  const deadline = performance.now() + 60_000;
  for (;;) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop();
      throw new Error(`the server did not start: ${log}`);
    }
    try {
      const { url } = JSON.parse(await readFile(join(data, "server.json"), "utf8")) as { url: string };
      const token = (await readFile(join(data, "local-token"), "utf8")).trim();
      return { client: createClient({ url, token, fetch, delay: (ms, signal) => delay(ms, undefined, { signal }) }), pid: child.pid!, stop };
    } catch {
      await delay(50);
    }
  }
}

/** Adds a host and resolves when it is connected. */
export async function addHost(client: Client, uri: string, name: string): Promise<string> {
  const { id } = await client.call("hostAdd", { body: { uri, name } });
  const deadline = performance.now() + 60_000;
  while ((await client.call("hostGet", { params: { id } })).connection.state !== "connected") {
    if (performance.now() > deadline) throw new Error(`${uri} was not connected within a minute`);
    await delay(50);
  }
  return id;
}
