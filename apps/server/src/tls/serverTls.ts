import { watch, type FSWatcher } from "node:fs";
import path from "node:path";
import type { Server } from "node:https";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { readCertificatePair, type CertificatePair } from "./certificatePair.ts";
import { ownCertificate } from "./ownCertificate.ts";

/** The certificate that the server shows, kept in step with its files. */
export interface ServerTls {
  readonly kind: "generated" | "site";
  /** The pair that is used now. */
  readonly pair: CertificatePair;
  /** Uses each pair that is read from now on for new connections to this server. */
  serve(server: Pick<Server, "setSecureContext">): void;
  /** Called after another pair was taken. */
  onChange(fn: () => void): void;
  /** Reads the files again now; a pair that cannot be used changes nothing and is logged. */
  reload(): Promise<void>;
  close(): void;
}

/** A renewal writes two files one after the other: they are read when nothing has been written for so long. */
const quietMs = 500;
const soon = 21 * 86_400_000;

/** @throws StartError for files that cannot be used */
export async function openTls(config: Config, dataFolder: string, log: Logger): Promise<ServerTls | undefined> {
  const { tls } = config;
  if (tls === undefined) return undefined;
  const files = tls.kind === "site" ? tls : await ownCertificate(dataFolder, config.names, config.listen);
  let pair = await readCertificatePair(files.certificate, files.key);
  let used: Pick<Server, "setSecureContext"> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let changed = (): void => undefined;
  const tell = (): void => {
    const facts = { fingerprint: pair.fingerprint, expires: new Date(pair.expires).toISOString(), certificate: files.certificate };
    if (pair.expires < Date.now() + soon) log.warn(facts, pair.expires < Date.now() ? "the certificate has expired" : "the certificate expires soon");
    else log.info(facts, "HTTPS with this certificate");
  };
  tell();
  const reload = async (): Promise<void> => {
    try {
      const fresh = await readCertificatePair(files.certificate, files.key);
      if (fresh.cert === pair.cert && fresh.key === pair.key) return;
      pair = fresh;
      used?.setSecureContext({ cert: pair.cert, key: pair.key });
      tell();
      changed();
    } catch (error) {
      log.error({ error: (error as Error).message }, "the new certificate cannot be used; the one before goes on");
    }
  };
  // Folders and not files: a renewal replaces the file, or the link that the name is.
  const watchers = [...new Set([files.certificate, files.key].map((file) => path.dirname(file)))].map((folder) =>
    watchFolder(
      folder,
      () => {
        clearTimeout(timer);
        timer = setTimeout(() => void reload(), quietMs).unref();
      },
      log,
    ),
  );
  return {
    kind: tls.kind,
    get pair() {
      return pair;
    },
    serve: (server) => void (used = server),
    onChange: (fn) => void (changed = fn),
    reload,
    close() {
      clearTimeout(timer);
      for (const each of watchers) each?.close();
    },
  };
}

function watchFolder(folder: string, changed: () => void, log: Logger): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, changed).on("error", () => undefined);
  } catch (error) {
    log.warn({ folder, error: (error as Error).message }, "the certificate's folder cannot be watched; after a renewal send the server SIGHUP");
    return undefined;
  }
}
