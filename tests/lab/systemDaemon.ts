import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll } from "vitest";

/** Longest that the files before this one may need of the daemon, in milliseconds. */
const patience = 15 * 60_000;

/**
 * This machine's own libvirtd is one for all: files that use it take turns, while the others run beside them. The turn
 * is an abstract Unix socket, which the kernel frees when its process ends, however it ends.
 */
export function takeTurnsAtSystemDaemon(): void {
  let leave: (() => void) | undefined;
  beforeAll(async () => {
    for (;;) {
      leave = await enter();
      if (leave) return;
      await delay(200);
    }
  }, patience);
  afterAll(() => leave?.());
}

/** @returns undefined while another process has it */
function enter(): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(undefined) : reject(error)));
    server.listen("\0polyvisor-lab-system-daemon", () => resolve(() => server.close()));
  });
}
