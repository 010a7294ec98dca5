import { connect, type Connection } from "@polyvisor/protocol-libvirt";

/** Polyvisor's side of the comparison, in a process of its own like the peers: `ownPeer.ts URI SCENARIO REPEAT`. */
const [uri = "", scenario = "", repeat = "1"] = process.argv.slice(2);

const domainsOf = async (conn: Connection) => (await conn.call.connectListAllDomains({ needResults: 1, flags: 0 })).domains;

const scenarios: Record<string, (conn: Connection) => Promise<number>> = {
  "list-stats": async (conn) => {
    const [domains, { retStats }] = await Promise.all([domainsOf(conn), conn.call.connectGetAllDomainStats({ doms: [], stats: 0, flags: 0 })]);
    return Math.min(domains.length, retStats.length);
  },
  xml: async (conn) => {
    const all = await Promise.all((await domainsOf(conn)).map((dom) => conn.call.domainGetXmlDesc({ dom, flags: 0 })));
    return all.filter((each) => each.xml.length > 0).length;
  },
  info: async (conn) => (await Promise.all((await domainsOf(conn)).map((dom) => conn.call.domainGetInfo({ dom })))).length,
};

/** Connects anew and reads everything into the model, which is more than the peers do with what they read. */
async function cold(): Promise<number> {
  const { connectHypervisor } = await import("@polyvisor/hypervisors");
  const hypervisor = await connectHypervisor(uri, { signal: new AbortController().signal, openTimeoutMs: 60_000, callTimeoutMs: 60_000 });
  const { vms } = await hypervisor.inventory();
  await hypervisor.close();
  return vms.length;
}

const conn = scenario === "cold" ? undefined : await connect(uri, { callTimeoutMs: 60_000 });
const ms: number[] = [];
let count = 0;
for (let i = 0; i < Number(repeat); i++) {
  const start = performance.now();
  count = conn ? await scenarios[scenario]!(conn) : await cold();
  ms.push(performance.now() - start);
}
await conn?.close();
process.stdout.write(`${JSON.stringify({ count, ms })}\n`);
process.exit(0);
