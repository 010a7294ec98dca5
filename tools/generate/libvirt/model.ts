import type { Definition, Field, Struct } from "./definition.ts";
import { camelCase, familyOf, typeName } from "./naming.ts";

export interface Procedure {
  /** Name in the definition file, such as `REMOTE_PROC_DOMAIN_CREATE_XML`. */
  symbol: string;
  name: string;
  program: "remote" | "qemu" | "lxc";
  number: number;
  family: string;
  args?: string;
  ret?: string;
  stream: boolean;
  /** How long it may wait for a guest, a disk or another host. */
  waits: "never" | "briefly" | "long";
}
export interface EventMessage { symbol: string; name: string; program: "remote" | "qemu" | "lxc"; number: number; message: string }

/** Everything the emitters need, derived from the definition once. */
export interface Model {
  definition: Definition;
  procedures: Procedure[];
  events: EventMessage[];
  /** Family file of each struct; nested ones are in `structs`. */
  fileOf: Map<string, string>;
  /** Structs that a client writes (arguments and what they hold), and that a client reads. */
  encoded: Set<string>;
  decoded: Set<string>;
}

/** A field with typedefs resolved: what is really on the wire. */
export function resolve(definition: Definition, field: Field): Field {
  const target = definition.typedefs.get(field.type);
  if (!target) return field;
  const inner = resolve(definition, target);
  if (field.shape === "single") return { ...inner, name: field.name };
  if (field.shape === "optional" && (inner.type === "string" || inner.shape === "single")) {
    return { ...inner, name: field.name, shape: "optional", size: inner.size };
  }
  return field;
}

function reach(definition: Definition, name: string, into: Set<string>): void {
  const struct = definition.structs.get(name);
  if (!struct || into.has(name)) return;
  into.add(name);
  for (const field of struct.fields) {
    let type = resolve(definition, field).type;
    for (let alias = definition.typedefs.get(type); alias; alias = definition.typedefs.get(type)) type = alias.type;
    reach(definition, type, into);
  }
}

/** Open a stream although the definition carries no annotation: libvirt's own stub for them is written by hand. */
const STREAMS_BY_HAND = new Set(["REMOTE_PROC_DOMAIN_MIGRATE_PREPARE_TUNNEL3_PARAMS"]);

/** Not of high priority in libvirt's definition, but answered from what the daemon holds in memory all the same. */
const QUICK_BY_HAND = new Set(["REMOTE_PROC_DOMAIN_GET_INFO", "REMOTE_PROC_DOMAIN_GET_XML_DESC"]);

/** Of high priority, but known to wait: ending a guest gives it time, a new definition may probe its emulator. */
const SLOW_BY_HAND = /_DESTROY(_FLAGS)?$|_DEFINE_XML(_FLAGS)?$|_CREATE(_XML)?(_FLAGS)?$|_OPEN$/;

/**
 * Calls that carry memory or disks about, or start something. What steers or ends such work (aborting a job, confirming
 * a migration, destroying a guest) is not among them: it must not wait behind it.
 */
const LONG_BY_HAND = new RegExp(`^REMOTE_PROC_(${[
  "DOMAIN_CREATE(_XML|_WITH)?\\w*", "DOMAIN_(SAVE|RESTORE)(_FLAGS|_PARAMS)?", "DOMAIN_MANAGED_SAVE", "DOMAIN_CORE_DUMP\\w*", "DOMAIN_MIGRATE_PERFORM\\w*",
  "DOMAIN_(SNAPSHOT|CHECKPOINT)_(CREATE_XML|DELETE)", "DOMAIN_REVERT_TO_SNAPSHOT", "DOMAIN_BACKUP_BEGIN", "DOMAIN_FS(FREEZE|TRIM)",
  "STORAGE_VOL_(CREATE_XML\\w*|DELETE|WIPE\\w*|RESIZE)", "STORAGE_POOL_(BUILD|CREATE|CREATE_XML|DELETE|REFRESH)", "CONNECT_FIND_STORAGE_POOL_SOURCES",
  "NODE_DEVICE_(DETTACH|DETACH_FLAGS|RE_ATTACH|RESET|CREATE\\w*)",
].join("|")})$`);

function waiting(symbol: string, highPriority: boolean): Procedure["waits"] {
  if ((highPriority && !SLOW_BY_HAND.test(symbol)) || QUICK_BY_HAND.has(symbol)) return "never";
  return LONG_BY_HAND.test(symbol) ? "long" : "briefly";
}

/** Pairs procedures with their `_args`, `_ret` and `_msg` structs, as libvirt's own generator does: by name. */
export function buildModel(definition: Definition): Model {
  const procedures: Procedure[] = [];
  const events: EventMessage[] = [];
  const fileOf = new Map<string, string>();
  for (const program of ["remote", "qemu", "lxc"] as const) {
    const prefix = `${program.toUpperCase()}_PROC_`;
    for (const entry of definition.enums.get(`${program}_procedure`) ?? []) {
      const bare = entry.name.slice(prefix.length);
      const stem = `${program}_${bare.toLowerCase()}`;
      const name = camelCase((program === "remote" ? bare : `${program}_${bare}`).toLowerCase());
      const has = (suffix: string): string | undefined => (definition.structs.has(stem + suffix) ? stem + suffix : undefined);
      const message = has("_msg");
      if (message) {
        events.push({ symbol: entry.name, name, program, number: entry.value, message });
        fileOf.set(message, "events");
        continue;
      }
      const family = program === "remote" ? familyOf(bare) : program;
      const procedure: Procedure = { symbol: entry.name, name, program, number: entry.value, family, stream: entry.stream || STREAMS_BY_HAND.has(entry.name), waits: waiting(entry.name, entry.highPriority) };
      const args = has("_args");
      const ret = has("_ret");
      if (args) { procedure.args = args; fileOf.set(args, family); }
      if (ret) { procedure.ret = ret; fileOf.set(ret, family); }
      procedures.push(procedure);
    }
  }
  for (const name of definition.structs.keys()) {
    if (!fileOf.has(name)) fileOf.set(name, name.endsWith("_msg") ? "events" : "structs");
  }
  const encoded = new Set<string>();
  const decoded = new Set<string>();
  for (const procedure of procedures) {
    if (procedure.args) reach(definition, procedure.args, encoded);
    if (procedure.ret) reach(definition, procedure.ret, decoded);
  }
  for (const event of events) reach(definition, event.message, decoded);
  for (const name of ["virNetMessageError", "virNetStreamHole"]) reach(definition, name, decoded);
  reach(definition, "virNetStreamHole", encoded);
  const seen = new Map<string, string>();
  for (const name of definition.structs.keys()) {
    const clash = seen.get(typeName(name));
    if (clash) throw new Error(`${name} and ${clash} would both be ${typeName(name)}`);
    seen.set(typeName(name), name);
  }
  return { definition, procedures, events, fileOf, encoded, decoded };
}

/** Is this an array of typed parameters? They have a shape of their own in TypeScript. */
export function isTypedParams(field: Field): boolean {
  return field.type === "remote_typed_param" && field.shape === "variable";
}

/** Least bytes one value of the type takes on the wire: bounds an array's count by what the message can hold. */
export function leastBytes(definition: Definition, given: Field): number {
  const field = resolve(definition, given);
  if (field.shape === "optional" || field.shape === "variable" || field.type === "string") return 4;
  if (field.type === "opaque") return sizeOf(definition, field);
  const struct: Struct | undefined = definition.structs.get(field.type);
  const one = struct ? struct.fields.reduce((sum, each) => sum + leastBytes(definition, each), 0)
    : definition.unions.has(field.type) ? 8 : /hyper|double/.test(field.type) ? 8 : 4;
  return field.shape === "fixed" ? one * sizeOf(definition, field) : one;
}

/** The bound of a field as a number. */
export function sizeOf(definition: Definition, field: Field): number {
  const size = field.size ?? "";
  const value = /^\d/.test(size) ? Number(size) : definition.constants.get(size);
  if (value === undefined) throw new Error(`${field.name}: unknown size ${size}`);
  return value;
}
