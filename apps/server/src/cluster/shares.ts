/** A server has this much more than its even share at most. */
const slack = 1.1;

/**
 * Which server should have each host: every server finds the same without asking, no server has much more than its
 * even share, and when one comes or goes little else moves (rendezvous hashing, Thaler and Ravishankar 1998, with the
 * bounded loads of Mirrokni and others 2016).
 */
export function shares(hostIds: Iterable<string>, servers: readonly string[]): Map<string, string> {
  const out = new Map<string, string>();
  const hosts = [...hostIds].sort();
  if (servers.length === 0) return out;
  const most = Math.ceil((hosts.length / servers.length) * slack);
  const taken = new Map(servers.map((server) => [server, 0]));
  for (const hostId of hosts) {
    let best: string | undefined;
    let highest = -1;
    for (const server of servers) {
      if (taken.get(server)! >= most) continue;
      const weight = fnv1a(`${server} ${hostId}`);
      if (weight > highest || (weight === highest && server < best!)) [best, highest] = [server, weight];
    }
    out.set(hostId, best!);
    taken.set(best!, taken.get(best!)! + 1);
  }
  return out;
}

/** FNV-1a, 32 bits, with a last mixing so that texts that differ in their end alone spread too (MurmurHash3's finalizer). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
