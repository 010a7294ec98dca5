import { Agent, get } from "node:http";
import type { SiteServer } from "./siteServer.ts";

/** Lists as operators ask for them: by state, name, part of a name, relation, size, load, in several orders, and far into a list. */
const questions = (n: number, hosts: number): Record<string, string>[] => [
  { filter: `state=running host=host-${String((n % hosts) + 1).padStart(4, "0")}` },
  { filter: `name=vm-0${n % 100}*`, sort: "-memory" },
  { filter: `name=*${1000 + (n % 9000)}*` },
  { filter: 'os="Debian GNU/Linux 12" state=off', sort: "stateSince" },
  { filter: "memory>=16GiB and state=paused", sort: "-name" },
  { filter: `vm where host.pool = "p${(n % Math.max(1, Math.floor(hosts / 100))) + 1}" and state != running` },
  { filter: "network=storage and firmware=efi", sort: "-vcpus" },
  { sort: "-stateSince" },
  { filter: "state in (running, blocked)", sort: "name" },
  { filter: "not state=running" },
];

export interface Pages {
  p50: number;
  p99: number;
  worst: number;
  /** The slowest kind of question, by its median. */
  slowest: { question: string; p50: number };
}

/** One page of 100 after another; milliseconds from the request until the whole answer is there. Half of them are second pages. */
export async function pages(server: SiteServer, hosts: number, rounds: number): Promise<Pages> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const all: number[] = [];
  const byQuestion = new Map<string, number[]>();
  for (let round = -1; round < rounds; round++) {
    for (const [i, question] of questions(round + 1, hosts).entries()) {
      let cursor: string | undefined;
      for (let page = 0; page < 2; page++) {
        const query = new URLSearchParams({ ...question, limit: "100", ...(cursor === undefined ? {} : { cursor }) });
        const { ms, next } = await ask(`${server.url}/api/v1/vms?${query}`, server.token, agent);
        cursor = next;
        if (round >= 0) {
          all.push(ms); // the round before the first makes the orders that are not there yet
          const name = JSON.stringify(questions(0, hosts)[i]);
          byQuestion.set(name, [...(byQuestion.get(name) ?? []), ms]);
        }
        if (cursor === undefined) break;
      }
    }
  }
  agent.destroy();
  const slowest = [...byQuestion].map(([question, ms]) => ({ question, p50: quantile(ms, 0.5) })).sort((a, b) => b.p50 - a.p50)[0]!;
  return { p50: quantile(all, 0.5), p99: quantile(all, 0.99), worst: Math.max(...all), slowest };
}

export function quantile(list: readonly number[], q: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN;
}

function ask(url: string, token: string, agent: Agent): Promise<{ ms: number; next: string | undefined }> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const ms = performance.now() - began;
        const text = Buffer.concat(chunks).toString();
        if (answer.statusCode !== 200) return reject(new Error(`${decodeURIComponent(url)}: ${text}`));
        resolve({ ms, next: (JSON.parse(text) as { next?: string }).next });
      });
    }).on("error", reject);
  });
}
