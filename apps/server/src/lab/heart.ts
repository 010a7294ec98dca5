// A control plane without HTTP, in a process of its own that can be killed. Argument: JSON of HeartOptions.
import { writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import type { TaskOrder } from "../controlPlane.ts";
import { createControlPlane } from "../createControlPlane.ts";
import { openStore } from "../store/openStore.ts";
import { remoteConnect } from "./remoteHypervisor.ts";

export interface HeartOptions {
  databaseUrl: string;
  dataFolder: string;
  /** Number of the boundary at which it kills itself. */
  crashAt?: number;
}
/** Asked by the test; answered with the same number. */
export type HeartAsk = { n: number; hosts?: string[]; order?: TaskOrder; cancelFirst?: boolean };

const options = JSON.parse(process.argv[2]!) as HeartOptions;
let boundaries = 0;
const boundary = (point: string): void => {
  boundaries++;
  writeSync(1, `${boundaries} ${point}\n`);
  if (boundaries === options.crashAt) {
    process.kill(process.pid, "SIGKILL");
    for (;;); // nothing more happens in this process
  }
};
const log = pino({ level: process.env["LAB_LOG"] ?? "silent" }, pino.destination(2));
const store = await openStore({ kind: "url", url: options.databaseUrl }, log);
const plane = await createControlPlane({
  store,
  log,
  dataFolder: options.dataFolder,
  serverId: "heart",
  secrets: { seal: (text) => Buffer.from(text), open: (sealed) => sealed.toString() },
  connectTo: remoteConnect((action) => boundary(`${action.verb} sent`)),
  onBoundary: boundary,
  intervals: { hostWait: 10_000 },
});

process.on("message", (ask: HeartAsk) => {
  if (typeof ask !== "object" || !("n" in ask)) return;
  void answer(ask).then(
    (value) => process.send!({ n: ask.n, value }),
    (error: unknown) => process.send!({ n: ask.n, error: error instanceof Error ? error.stack : String(error) }),
  );
});
process.send!({ ready: true });

async function answer({ hosts, order }: HeartAsk): Promise<unknown> {
  for (const uri of hosts ?? []) await plane.hosts.add({ uri }, "test");
  while (plane.metrics().hosts.connected < plane.metrics().hosts.connecting + plane.metrics().hosts.lost + plane.metrics().hosts.connected) await delay(5);
  if (!order) return undefined;
  const { id } = await plane.tasks.create(order);
  for (;;) {
    const task = await plane.tasks.get(id);
    if (task.endedAt !== undefined) return task;
    await delay(5);
  }
}
