import type { CheckedFilter, FilterKind } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type { EstateKind, EstateObject } from "../controlPlane.ts";
import { valuesOf } from "../estate/fields.ts";
import { filterOf } from "../estate/filterOf.ts";
import { fitsFilter, type Facts } from "../estate/fitsFilter.ts";
import { isLoadField } from "../estate/presentLoads.ts";

/** A filter over objects as they were. */
export interface PastFilter {
  /** Hosts of the objects must be known. */
  needsHosts: boolean;
  fits(object: EstateObject, hosts: ReadonlyMap<string, EstateObject>): boolean;
}

const counted: ReadonlySet<string> = new Set(["vm.count", "memory.granted"]);

/**
 * Reads a filter for the past.
 * @throws PolyvisorError `badRequest`, also for what the history does not keep: loads, and what is counted over other objects
 */
export function pastFilter(text: string, kind: EstateKind, at: number): PastFilter {
  const filter = filterOf(text, kind, "query filter", at);
  let needsHosts = false;
  const look = (part: CheckedFilter): void => {
    if (part.is === "and" || part.is === "or") part.parts.forEach(look);
    else if (part.is === "not") look(part.part);
    else if (part.is === "match") {
      const about: FilterKind = part.through ?? kind;
      if (part.through === "host" || (part.field === "host" && kind !== "host")) needsHosts = true;
      if (isLoadField(part.field) || counted.has(part.field)) throw unknown(part.field, "it is measured or counted, and no change of the object");
      if (part.through !== undefined && part.through !== "host")
        throw unknown(`${part.through}.${part.field}`, `a filter over the past goes through host only`);
      if (part.field === "datastore" && about === "vm") throw unknown(part.field, "which datastore a disk was on is not kept with the VM; disk.source is");
    }
  };
  look(filter);
  return {
    needsHosts,
    fits(object, hosts) {
      const host = object.kind === "host" ? object : hosts.get(object.hostId);
      const facts: Facts = {
        valuesOf: (each, field) => {
          if (field === "id") return each.kind === "host" ? [each.id] : [each.id, each.nativeId];
          if (field === "host") return host ? [host.id, host.name] : [];
          return valuesOf(each, field);
        },
        related: (_each, through) => (through === "host" && host ? [host] : []),
      };
      return fitsFilter(filter, object, facts);
    },
  };
}

const unknown = (field: string, why: string): PolyvisorError =>
  new PolyvisorError("badRequest", { detail: `${field} cannot be asked of the past: ${why}`, where: "query filter" });
