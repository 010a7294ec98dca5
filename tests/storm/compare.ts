import type { Client } from "@polyvisor/api/client";
import type { Datastore, Host, Network, Vm } from "@polyvisor/model";
import { readByVirsh, type Reading } from "./readByVirsh.ts";
import type { StormHost } from "./stormHost.ts";

export type EstateObject = Host | Vm | Datastore | Network;

/** Everything that a server shows, or showed. */
export async function everything(client: Client, at?: string): Promise<Map<string, EstateObject>> {
  const out = new Map<string, EstateObject>();
  for (const route of ["hostList", "vmList", "datastoreList", "networkList"] as const) {
    let cursor: string | undefined;
    do {
      const page: { items: EstateObject[]; next?: string } = await client.call(route, { query: { limit: 1_000, cursor, at } });
      for (const object of page.items) out.set(object.id, object);
      cursor = page.next;
    } while (cursor !== undefined);
  }
  return out;
}

/** Every field in which a server's estate and virsh differ. */
export async function differences(host: StormHost, hostId: string, estate: ReadonlyMap<string, EstateObject>): Promise<string[]> {
  const reading = await readByVirsh(host);
  const out: string[] = [];
  for (const kind of ["vm", "datastore", "network"] as const) {
    const ours = new Map(
      [...estate.values()].flatMap((object) => (object.kind === kind && object.hostId === hostId ? [[object.nativeId, object] as const] : [])),
    );
    for (const [id, told] of reading[kind]) {
      const object = ours.get(id);
      if (!object) out.push(`${host.name}: the ${kind} ${String(told["name"])} is not in the estate`);
      else out.push(...fieldsThatDiffer(kind, told, object).map((field) => `${host.name}: ${kind} ${object.name}: ${field}`));
    }
    for (const [id, object] of ours) if (!reading[kind].has(id)) out.push(`${host.name}: the ${kind} ${object.name} is in the estate only`);
  }
  return out;
}

function fieldsThatDiffer(kind: keyof Reading, told: Record<string, unknown>, object: EstateObject): string[] {
  return Object.entries(told).flatMap(([field, value]) => {
    const ours = like(value, (object as unknown as Record<string, unknown>)[field], kind === "vm" && field === "snapshots");
    const [a, b] = [JSON.stringify(sorted(value)), JSON.stringify(sorted(ours))];
    return a === b ? [] : [`${field}: virsh says ${a}, the estate ${b}`];
  });
}

/** Of our value the parts that virsh told. */
function like(told: unknown, ours: unknown, byName = false): unknown {
  if (Array.isArray(told) && Array.isArray(ours)) {
    const list = byName ? [...(ours as { name: string }[])].sort((a, b) => (a.name < b.name ? -1 : 1)) : ours;
    return list.map((each: unknown, i) => like(told[i] ?? told[0], each));
  }
  if (told !== null && typeof told === "object" && ours !== null && typeof ours === "object")
    return Object.fromEntries(Object.keys(told).map((key) => [key, like((told as Record<string, unknown>)[key], (ours as Record<string, unknown>)[key])]));
  return ours;
}

/** With its keys in order and without what is absent. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
