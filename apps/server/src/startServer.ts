import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { hostname } from "node:os";
import path from "node:path";
import { PolyvisorError } from "@polyvisor/model";
import type { Logger } from "pino";
import { Access } from "./access/access.ts";
import { AuditLog } from "./audit/auditLog.ts";
import { checkSharedKey } from "./cluster/sharedKey.ts";
import type { Config } from "./config.ts";
import { createControlPlane } from "./createControlPlane.ts";
import { takeDataFolder } from "./dataFolder.ts";
import { writeAtomically } from "./files.ts";
import { buildApp } from "./http/app.ts";
import { Identity } from "./identity/identity.ts";
import { keepLocalToken } from "./identity/localToken.ts";
import { openSecretBox } from "./identity/secretBox.ts";
import { roomLog } from "./logRooms.ts";
import { openStore } from "./store/openStore.ts";
import { storeFailure } from "./store/storeFailure.ts";
import { StartError } from "./startError.ts";
import { openTls } from "./tls/serverTls.ts";

export interface Server {
  readonly url: string;
  /** Reads the certificate again; nothing without TLS. */
  reload(): Promise<void>;
  /** Stops accepting, answers what is under way, ends the streams, lets running steps finish, stops the database. */
  close(): Promise<void>;
}

/** Of the package; the repository has one version. */
export const version = (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;

/** How long answers under way are waited for when the server stops. */
const answersMs = 10_000;

/**
 * Starts everything in order; what was started is stopped again when a later part fails.
 * @throws StartError for what the operator can remove
 */
export async function startServer(config: Config, log: Logger): Promise<Server> {
  const started: { what: string; close: () => Promise<unknown> }[] = [];
  const closeAll = async (): Promise<void> => {
    let failure: unknown;
    for (const { what, close } of started.reverse()) {
      const began = Date.now();
      await close().catch((error: unknown) => (failure ??= error));
      log.debug({ what, ms: Date.now() - began }, "stopped");
    }
    started.length = 0;
    if (failure !== undefined) throw failure;
  };
  try {
    const folder = await takeDataFolder(config.dataFolder);
    started.push({ what: "data folder", close: () => folder.release() });
    await checkPort(config); // before the database is made, which takes a second
    const tls = await openTls(config, folder.path, roomLog(log, "http"));
    if (tls) started.push({ what: "certificate", close: async () => tls.close() });
    const secrets = await openSecretBox(folder.path);
    const store = await openStore(
      config.databaseUrl === undefined ? { kind: "private", dataFolder: folder.path } : { kind: "url", url: config.databaseUrl },
      roomLog(log, "store"),
    );
    started.push({ what: "store", close: () => store.close() });
    await folder.check();
    const audit = await AuditLog.open({ pool: store.pool, dataFolder: folder.path, serverId: folder.serverId, log: roomLog(log, "audit") });
    started.push({ what: "audit log", close: () => audit.close() });
    const identity = await Identity.open(store, roomLog(log, "identity"), secrets);
    started.push({ what: "identity", close: () => identity.close() });
    await keepLocalToken(folder.path, identity);
    await checkSharedKey(store.pool, secrets, folder.serverId, folder.path);
    const control = await createControlPlane({
      store,
      dataFolder: folder.path,
      log,
      secrets,
      serverId: folder.serverId,
      intervals: {
        ...(config.sampleInterval === undefined ? {} : { sample: config.sampleInterval * 1000 }),
        ...(config.samplesPerSecond === undefined ? {} : { samplesPerSecond: config.samplesPerSecond }),
      },
      version,
      missed: () =>
        queueMicrotask(() => {
          throw new StartError(
            "This server stood still for longer than the history is kept, and does not know what was deleted meanwhile.",
            "Nothing is to be done: its supervisor starts it anew, and it reads the whole estate.",
          );
        }),
      superseded: () =>
        queueMicrotask(() => {
          throw new StartError(
            `Another process took the place of this server (${folder.serverId}) on the database.`,
            "Each server has a data folder of its own: remove the file server-id in the one that was copied.",
          );
        }),
    });
    started.push({ what: "control plane", close: () => control.close() });
    const access = await Access.open({ store, estate: control.estate, secrets, log: roomLog(log, "access"), onIdentity: (fn) => identity.onChange(fn) });
    started.push({ what: "access", close: () => access.close() });

    const stopping = new AbortController();
    let url = "";
    const app = await buildApp(
      {
        control,
        access,
        audit,
        identity,
        log: roomLog(log, "http"),
        serverId: folder.serverId,
        version,
        url: () => url,
        storeHealthy: () => store.healthy(),
        proxies: config.proxies,
        stopping: stopping.signal,
        support: { log, config, store, version },
      },
      config.names,
      undefined,
      tls,
    );
    const closeHttp = async (): Promise<void> => {
      stopping.abort();
      // Who does not take its answer is cut off: a stop has an end.
      const timer = setTimeout(() => {
        log.warn("answers that nobody took were cut off");
        app.server.closeAllConnections();
      }, answersMs);
      await app.close().finally(() => clearTimeout(timer));
    };
    started.push({ what: "HTTP", close: closeHttp });
    await app.listen({ host: config.listen, port: config.port }).catch((error: unknown) => {
      throw listenError(config, error);
    });
    const { port } = app.server.address() as { port: number };
    url = urlOf(config.listen, port, tls !== undefined);
    await control.cluster.announce(peerUrlOf(config.listen, port, tls !== undefined), tls?.pair.cert);

    const file = path.join(folder.path, "server.json");
    const facts = { url, pid: process.pid, startedAt: new Date().toISOString(), version, data: folder.path };
    // The command line of this machine knows the certificate by this file, whatever names it is for.
    const tell = (): Promise<void> => writeAtomically(file, `${JSON.stringify({ ...facts, certificate: tls?.pair.cert })}\n`, 0o644);
    await tell();
    tls?.onChange(
      () =>
        void Promise.all([tell(), control.cluster.announce(peerUrlOf(config.listen, port, true), tls.pair.cert)]).catch((error: unknown) =>
          log.error({ err: error }, "server.json could not be written"),
        ),
    );
    started.push({ what: "server.json", close: () => rm(file, { force: true }) });
    return { url, reload: async () => tls?.reload(), close: closeAll };
  } catch (error) {
    await closeAll().catch((inner: unknown) => log.error({ err: inner }, "a part could not be stopped"));
    const { code, path: file, syscall } = error as NodeJS.ErrnoException;
    if ((code === "EACCES" || code === "EPERM") && file !== undefined)
      throw new StartError(
        `${file} cannot be used by this account (${syscall}: ${code}).`,
        "Start as the account that made the data folder, or give the folder to this one: chown -R.",
        { cause: error },
      );
    if (code === "ENOSPC" || code === "EDQUOT")
      throw new StartError(`The disk of the data folder ${config.dataFolder} is full.`, "Free at least 200 MB there, or give another folder with --data DIR.", {
        cause: error,
      });
    const lost = error instanceof PolyvisorError && error.code === "storeUnavailable" ? error : storeFailure(error);
    if (lost) throw new StartError(`The database was lost during the start: ${lost.detail}.`, "Check that it runs, and start again.", { cause: error });
    throw error;
  }
}

/** An address by which the server's own machine reaches it. */
export function urlOf(listen: string, port: number, secure = false): string {
  const host = listen === "0.0.0.0" ? "127.0.0.1" : listen === "::" ? "[::1]" : listen.includes(":") ? `[${listen}]` : listen;
  return `${secure ? "https" : "http"}://${host}:${port}`;
}

/** An address by which the other servers of the site reach it: the machine's name where it listens at all of its addresses. */
export function peerUrlOf(listen: string, port: number, secure = false): string {
  return listen === "0.0.0.0" || listen === "::" ? `${secure ? "https" : "http"}://${hostname().toLowerCase()}:${port}` : urlOf(listen, port, secure);
}

async function checkPort(config: Config): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", (error) => reject(listenError(config, error)));
    probe.listen(config.port, config.listen, resolve);
  });
  await new Promise((resolve) => probe.close(resolve));
}

function listenError({ listen, port }: Config, error: unknown): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return new StartError(
        `Port ${port} of ${listen} is taken by another program.`,
        "Choose another with --port N, or end that program; `ss -ltnp` shows which it is.",
      );
    case "EACCES":
      return new StartError(`Port ${port} needs more rights than this account has.`, "Choose one from 1024 on with --port N.");
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new StartError(`${listen} is no address of this machine.`, "Give one that `ip address` shows with --listen ADDRESS, or 0.0.0.0 for all.");
  }
  return error;
}
