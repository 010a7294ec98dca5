import { Agent, request } from "node:http";
import type { Client } from "@polyvisor/api";
import type { SiteServer } from "./siteServer.ts";
import { quantile } from "./pages.ts";
import { cpuSeconds } from "./processFigures.ts";

export interface Operations {
  /** Each operation a request and a task of its own: done in a second, and milliseconds until its end was heard. */
  single: { perSecond: number; p50: number; p99: number; done: number; cpu: Cpu };
  /** All in requests of 500 VMs. */
  bulk: { perSecond: number; done: number; cpu: Cpu };
}

type Event = ReturnType<Client["events"]> extends AsyncIterable<infer Each> ? Each : never;

/** Milliseconds of processor for one operation. */
interface Cpu {
  server: number;
  database: number;
}

const clients = 128;
const verbs = [
  ["vm.pause", "paused"],
  ["vm.unpause", "running"],
] as const;

/**
 * Pauses VMs and lets them go on. An operation is done when its request was accepted, its task was told to have succeeded
 * and the VM was told to be in its new state, both by the event stream.
 */
export async function operations(server: SiteServer, most: number): Promise<Operations> {
  const ids: string[] = [];
  for (let cursor: string | undefined; ids.length < most;) {
    const page = await server.client.call("vmList", { query: { filter: "state=running", limit: 1000, cursor } });
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.next;
    if (cursor === undefined) break;
  }
  const heard = new Heard(server);
  await heard.open;
  const half = ids.splice(0, Math.floor(ids.length / 2));
  try {
    return {
      single: await withCpu(server, () => single(server, heard, half, 15)),
      bulk: await withCpu(server, () => bulk(server, heard, ids.slice(0, 10_000))),
    };
  } finally {
    heard.close();
  }
}

async function withCpu<T extends { done: number }>(server: SiteServer, work: () => Promise<T>): Promise<T & { cpu: Cpu }> {
  const pids = server.database();
  const used = (): Cpu => ({ server: cpuSeconds(server.pid), database: pids.reduce((sum, pid) => sum + (cpuSeconds(pid) || 0), 0) });
  const before = used();
  const result = await work();
  const after = used();
  const each = (name: keyof Cpu): number => ((after[name] - before[name]) * 1000) / result.done;
  return { ...result, cpu: { server: each("server"), database: each("database") } };
}

async function single(server: SiteServer, heard: Heard, ids: string[], seconds: number): Promise<Omit<Operations["single"], "cpu">> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const ms: number[] = [];
  const began = performance.now();
  const queue = ids.values();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (const id of queue) {
        for (const [verb, state] of verbs) {
          if (performance.now() - began > seconds * 1000) return;
          const asked = performance.now();
          const told = heard.vm(id, state);
          const task = await post(server, agent, { do: verb, vms: [id] });
          await Promise.all([told, heard.task(task)]);
          ms.push(performance.now() - asked);
        }
      }
    }),
  );
  const elapsed = (performance.now() - began) / 1000;
  agent.destroy();
  return { perSecond: ms.length / elapsed, p50: quantile(ms, 0.5), p99: quantile(ms, 0.99), done: ms.length };
}

async function bulk(server: SiteServer, heard: Heard, ids: string[]): Promise<Omit<Operations["bulk"], "cpu">> {
  const agent = new Agent({ keepAlive: true });
  const began = performance.now();
  let done = 0;
  for (const [verb, state] of verbs) {
    const told = ids.map((id) => heard.vm(id, state));
    const tasks: string[] = [];
    for (let i = 0; i < ids.length; i += 500) tasks.push(await post(server, agent, { do: verb, vms: ids.slice(i, i + 500) }));
    await Promise.all([...told, ...tasks.map((task) => heard.task(task))]);
    done += ids.length;
  }
  agent.destroy();
  return { perSecond: done / ((performance.now() - began) / 1000), done };
}

function post(server: SiteServer, agent: Agent, wish: object): Promise<string> {
  const body = JSON.stringify({ request: wish });
  return new Promise((resolve, reject) => {
    const asked = request(
      `${server.url}/api/v1/tasks`,
      {
        method: "POST",
        agent,
        headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if (answer.statusCode === 202) resolve((JSON.parse(text) as { id: string }).id);
          else reject(new Error(`${answer.statusCode}: ${text.slice(0, 500)}`));
        });
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}

/** What the event stream told. */
class Heard {
  readonly open: Promise<void>;
  readonly #stop = new AbortController();
  readonly #waiting = new Map<string, () => void>();
  readonly #ended = new Map<string, string>();
  readonly #tasks = new Map<string, { resolve(): void; reject(error: Error): void }>();

  constructor(server: SiteServer) {
    const open = Promise.withResolvers<void>();
    this.open = open.promise;
    void (async () => {
      for await (const event of server.client.events({
        signal: this.#stop.signal,
        kinds: "vm,task",
        onConnection: (state) => state === "open" && open.resolve(),
      }))
        this.#take(event);
    })().catch(open.reject);
  }

  vm(id: string, state: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(`${id} ${state}`, resolve));
  }

  task(id: string): Promise<void> {
    const ended = this.#ended.get(id);
    if (ended === "succeeded") return Promise.resolve();
    if (ended !== undefined) return Promise.reject(new Error(`the task ${id} ended as ${ended}`));
    return new Promise((resolve, reject) => this.#tasks.set(id, { resolve, reject }));
  }

  close(): void {
    this.#stop.abort();
  }

  #take({ objectId, object }: Event): void {
    if (object?.kind === "vm") {
      this.#waiting.get(`${objectId} ${object.state}`)?.();
      this.#waiting.delete(`${objectId} ${object.state}`);
    } else if (object?.kind === "task" && object.endedAt !== undefined) {
      this.#ended.set(objectId, object.state);
      const task = this.#tasks.get(objectId);
      if (object.state === "succeeded") task?.resolve();
      else task?.reject(new Error(`the task ${objectId} ended as ${object.state}: ${object.failure?.detail}`));
    }
  }
}
