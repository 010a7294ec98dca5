import type { Request } from "@polyvisor/api";
import type { VmSpecInput } from "@polyvisor/model";
import type { PlanAccess } from "../access/planAccess.ts";
import type { Estate } from "../estate/estate.ts";

/** The estate as plans see it. */
export type PlanEstate = Pick<Estate, "get" | "find" | "select" | "ofHost" | "byNative" | "pathOf" | "memoryInUse" | "tables">;

/** A template that is built, as plans see it. */
export interface PlanTemplate {
  name: string;
  /** What the template says of a VM made of it; files are written `image:NAME`. */
  spec: Omit<VmSpecInput, "name">;
  /** The same for hosts of containers, where the template can be one. */
  containerSpec?: Omit<VmSpecInput, "name"> | undefined;
  files: ReadonlyMap<string, { sha256: string; size: number }>;
}

/** Everything that a plan depends on. The same input gives the same plan. */
export interface PlanInput {
  request: Request;
  reason: string;
  estate: PlanEstate;
  /** In whose name; without one everything may be chosen and done. */
  access?: PlanAccess | undefined;
  /** Built templates by name. */
  templates: ReadonlyMap<string, PlanTemplate>;
  /** Templates that could be built. */
  recipes: readonly string[];
  /** Whether a file of a template was brought onto a datastore completely. */
  isPlaced(hostId: string, datastore: string, volume: string): boolean;
  /** Bytes from a good source. */
  random(size: number): Uint8Array;
  /** Home folder of the server's user: where a session's datastore on this machine goes. */
  home: string | undefined;
}

/** RFC 9562 version 4. */
export function makeUuid(random: Uint8Array): string {
  const bytes = Uint8Array.from(random.subarray(0, 16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A MAC address from the range that the hypervisor's makers registered: Xen's, else QEMU's. */
export function makeMac(random: Uint8Array, hypervisorType: string): string {
  const prefix = /xen/i.test(hypervisorType) ? [0x00, 0x16, 0x3e] : [0x52, 0x54, 0x00];
  return [...prefix, random[0]! & 0x7f, random[1]!, random[2]!].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}
