import type { Hypervisor } from "@polyvisor/hypervisors";
import { featureTable, PolyvisorError, type Host, type HostFacts } from "@polyvisor/model";
import type { HostInput } from "../controlPlane.ts";
import { clean } from "../estate/facts.ts";
import type { Draft } from "../events/draft.ts";

/** What is known of a host that has just answered for the first time. */
export interface FirstAnswer {
  id: string;
  /** In its one spelling. */
  uri: string;
  facts: HostFacts;
  features: Hypervisor["features"] | undefined;
  /** Milliseconds since 1970. */
  at: number;
}

/**
 * The document of a host that is added, under the name that was asked for or one made of what it calls itself.
 * @throws PolyvisorError `nameTaken`
 */
export function newHost(draft: Draft, input: HostInput, { id, uri, facts, features, at }: FirstAnswer): Host {
  const taken = (name: string): boolean => draft.hostNamed(name) !== undefined;
  if (input.name !== undefined && taken(input.name)) throw new PolyvisorError("nameTaken", { detail: `another host is called "${input.name}"`, where: "name" });
  const since = new Date(at).toISOString();
  return {
    kind: "host",
    id,
    revision: 1,
    name: (clean(input.name) as string | undefined) ?? freeName(facts, taken),
    uri,
    tags: clean([...new Set(input.tags)]) as string[],
    connection: { state: "connecting", since, lastSeen: since },
    features: features ?? featureTable({}),
    facts,
  };
}

function freeName(facts: HostFacts, taken: (name: string) => boolean): string {
  const base = (facts.hostname || "host").slice(0, 200);
  if (!taken(base)) return base;
  const typed = `${base}-${facts.hypervisor.type.toLowerCase()}`;
  if (!taken(typed)) return typed;
  for (let n = 2; ; n++) if (!taken(`${typed}-${n}`)) return `${typed}-${n}`;
}

/**
 * What an operator makes of a host's connection, from now on.
 * @param seen milliseconds since 1970 when the host last answered this server; undefined where it did not yet
 */
export function newConnection(state: "connecting" | "disabled", was: Host["connection"], seen: number | undefined, now: number): Host["connection"] {
  return { state, since: new Date(now).toISOString(), lastSeen: seen === undefined ? was.lastSeen : new Date(seen).toISOString() };
}
