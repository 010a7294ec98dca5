import { performance } from "node:perf_hooks";
import { appendAudit } from "../../apps/server/src/audit/appendAudit.ts";
import { Estate } from "../../apps/server/src/estate/estate.ts";
import { History } from "../../apps/server/src/history/history.ts";
import { labLog } from "../../apps/server/src/lab/labPlane.ts";
import { aVm } from "../../apps/server/src/lab/sampleObjects.ts";
import { startSitePostgres } from "../../apps/server/src/lab/sitePostgres.ts";
import { openStore } from "../../apps/server/src/store/openStore.ts";
import type { Row } from "./table.ts";

const start = Date.parse("2026-01-01T00:00:00Z");
const piece = 20_000;

/**
 * The history of so many events over so many VMs, and what an entry of the audit log costs a request. The events are
 * written as the journal writes them, a second apart for each of the VMs in turn.
 */
export async function past({ events = 1_000_000, vms = 10_000, rounds = 50 }: { events?: number; vms?: number; rounds?: number }): Promise<Row[]> {
  const site = await startSitePostgres();
  const store = await openStore({ kind: "url", url: await site.database() }, labLog);
  const rows: Row[] = [];
  try {
    const { pool } = store;
    const doc = aVm("vm-000000000000", "h-000000000001", { disks: [], notes: "of the bench" });
    const began = performance.now();
    for (let done = 0; done < events; done += piece)
      await pool.query(
        `insert into event (at, type, kind, object_id, fields, by_account, origin, doc)
         select $1::timestamptz + n * interval '1 second', case when n < $4 then 'created' else 'changed' end, 'vm', 'vm-' || lpad((n % $4)::text, 12, '0'), '{state}', 'admin', 'api 10.0.0.1',
           $5::jsonb || jsonb_build_object('id', 'vm-' || lpad((n % $4)::text, 12, '0'), 'name', 'web-' || n % $4, 'revision', n / $4 + 1, 'state', case when (n / $4) % 2 = 0 then 'running' else 'off' end)
         from generate_series($2::int, $3::int - 1) n`,
        [new Date(start), done, Math.min(events, done + piece), vms, JSON.stringify(doc)],
      );
    const seconds = (performance.now() - began) / 1000;
    await pool.query("analyze");
    const history = new History({ pool, estate: new Estate(), now: () => start + events * 1000, keepDays: 30 });
    const at = (i: number): string => new Date(start + Math.floor(((i * 7919) % 1000) * (events / 1000)) * 1000 + vms * 1000).toISOString();
    const measure = async (what: string, note: string, work: (i: number) => Promise<unknown>): Promise<void> => {
      const ms: number[] = [];
      await work(0);
      for (let i = 1; i <= rounds; i++) {
        const from = performance.now();
        await work(i);
        ms.push(performance.now() - from);
      }
      rows.push({ what, who: "Polyvisor", ms, note });
    };
    const name = (i: number): string => `web-${(i * 31) % vms}`;
    const id = (i: number): string => `vm-${String((i * 31) % vms).padStart(12, "0")}`;
    const size = `${events} events, ${vms} VMs`;
    const latest = new Date(start + events * 1000).toISOString();
    await measure("history: a VM as of a time", `${size}; written at ${Math.round(events / seconds)} a second`, (i) =>
      history.objectAt("vm", name(i), at(i) > latest ? latest : at(i)),
    );
    await measure("history: 100 VMs as of a time, a page", size, (i) => history.list("vm", { at: at(i) > latest ? latest : at(i), limit: 100 }));
    await measure("history: 100 VMs as of a time by a filter", `${size}; half of them fit`, (i) =>
      history.list("vm", { at: at(i) > latest ? latest : at(i), limit: 100, filter: "state = running" }),
    );
    await measure("history: the changes of a VM, a page of 50", size, (i) => history.changes("vm", id(i), { limit: 50 }));
    await measure("history: differences over an hour, a page of 100", size, (i) =>
      history.differences({
        from: new Date(start + (events - 3600 - i) * 1000).toISOString(),
        to: new Date(start + (events - i) * 1000).toISOString(),
        kind: "vm",
        limit: 100,
      }),
    );

    await pool.query("insert into audit_head (chain, seq, hash) values ('bench', 0, repeat('0', 64)) on conflict do nothing");
    const draft = {
      action: "taskCreate",
      outcome: "done",
      by: "admin",
      token: "tok-1",
      from: "10.0.0.1",
      task: "t-000000000000",
      request: "abcdefghijkl",
      details: { do: "vm.start" },
    } as const;
    const client = await pool.connect();
    try {
      for (const together of [1, 50]) {
        const drafts = Array.from({ length: together }, () => ({ draft, at: new Date(start).toISOString() }));
        const append = async (): Promise<void> => {
          await client.query("begin");
          await appendAudit(client, drafts, "bench");
          await client.query("commit");
        };
        const empty = async (): Promise<void> => void (await client.query("begin; select 1; commit"));
        await measure(`audit log: ${together} ${together === 1 ? "entry" : "entries"} in a transaction`, "fsync off", append);
        if (together === 1) await measure("audit log: the same transaction without", "fsync off", empty);
      }
    } finally {
      client.release();
    }
  } finally {
    await store.close();
    await site.close();
  }
  return rows;
}

if (import.meta.main) {
  const { markdown } = await import("./table.ts");
  process.stdout.write(`${markdown(await past({ events: Number(process.argv[2] ?? 1_000_000) }))}\n`);
}
