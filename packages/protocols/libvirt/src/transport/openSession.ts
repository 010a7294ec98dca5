import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { ConnectionError } from "../connectionError.ts";
import type { DuplexTransport } from "./duplexTransport.ts";
import { openSocket } from "./openSocket.ts";

const STARTS_WITHIN_MS = 15_000;
/** The daemon ends itself after that many idle seconds, as when libvirt's own client starts it. */
const IDLE_SECONDS = 120;

/**
 * Opens the socket of the user's own libvirt daemon; starts the daemon if it does not run, as libvirt's own client does
 * (unless `LIBVIRT_AUTOSTART=0`). Two starting at once is harmless: the daemon's lock lets one win, both wait for it.
 */
export async function openSession(path: string, signal: AbortSignal): Promise<DuplexTransport> {
  const peer = `socket ${path}`;
  try {
    return await openSocket({ path }, peer, true, signal);
  } catch (error) {
    if (!(error instanceof ConnectionError) || (error.errno !== "ENOENT" && error.errno !== "ECONNREFUSED")) throw error;
    if (process.getuid?.() === 0)
      throw new ConnectionError("unreachable", `no session daemon answers on ${path}`, {
        cause: error,
        errno: error.errno,
        remedy: "root has none of its own: use the driver's /system URI",
      });
    if (process.env["LIBVIRT_AUTOSTART"] === "0") throw error;
    return start(path, peer, error, signal);
  }
}

async function start(path: string, peer: string, fault: ConnectionError, signal: AbortSignal): Promise<DuplexTransport> {
  const name = /virt\w+d(?=-sock)/.exec(path)?.[0] ?? "libvirtd";
  const program =
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin"].map((folder) => `${folder}/${name}`).find((each) => existsSync(each)) ?? process.env["LIBVIRTD_PATH"];
  if (!program)
    throw new ConnectionError("unreachable", `no session daemon answers on ${path}, and ${name} is not installed`, {
      cause: fault,
      errno: fault.errno,
      remedy: "install libvirt's daemon",
    });
  const child = spawn(program, [`--timeout=${IDLE_SECONDS}`], { detached: true, stdio: "ignore" });
  let ended: string | undefined;
  child.once("error", (error) => {
    ended = error.message;
  });
  child.once("exit", (status) => {
    ended = `status ${status}`;
  });
  child.unref();
  const deadline = performance.now() + STARTS_WITHIN_MS;
  for (;;) {
    const over = ended !== undefined || performance.now() > deadline;
    try {
      return await openSocket({ path }, peer, true, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof ConnectionError)) throw error;
      if (over)
        throw new ConnectionError("unreachable", `the session daemon ${program} did not start (${ended ?? "too slow"})`, {
          cause: error,
          errno: error.errno,
          remedy: `run it in a terminal to see why`,
        });
    }
    await delay(30, undefined, { signal });
  }
}
