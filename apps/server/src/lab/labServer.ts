import { chmod, copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient, type Client } from "@polyvisor/api/client";
import { pino } from "pino";
import type { Config } from "../config.ts";
import { LogRooms } from "../logRooms.ts";
import { startServer } from "../startServer.ts";

/** A server in this process, over a data folder of its own; for tests. */
export interface LabServer {
  url: string;
  token: string;
  folder: string;
  client: Client;
  /** A client with another token, or none. */
  as(token: string | undefined): Client;
  /** Stops it and throws its folder away. */
  close(): Promise<void>;
}

export const clientOf = (url: string, token: string | undefined): Client =>
  createClient({ url, token, fetch, delay: (ms, signal) => delay(ms, undefined, { signal }) });

/** A data folder that the database's account may enter. */
export async function makeDataFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "polyvisor-lab-"));
  await chmod(folder, 0o711);
  return folder;
}

/** Starts it, on the private database or on the site's by URL. @param beside another server of the same site */
export async function startLabServer(databaseUrl?: string, beside?: LabServer, more: Partial<Config> = {}): Promise<LabServer> {
  const folder = await makeDataFolder();
  if (beside) await copyFile(path.join(beside.folder, "secret.key"), path.join(folder, "secret.key"));
  const log = pino({ level: process.env["LAB_LOG"] ?? "fatal" }, pino.destination(2));
  new LogRooms(log);
  const server = await startServer({ dataFolder: folder, listen: "127.0.0.1", port: 0, databaseUrl, names: [], logLevel: "error", ...more }, log);
  const token = (await readFile(path.join(folder, "local-token"), "utf8")).trim();
  return {
    url: server.url,
    token,
    folder,
    client: clientOf(server.url, token),
    as: (other) => clientOf(server.url, other),
    async close() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
