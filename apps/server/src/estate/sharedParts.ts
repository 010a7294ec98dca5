import type { Datastore, Host, Vm } from "@polyvisor/model";
import type { EstateObject } from "../controlPlane.ts";
import { same } from "./facts.ts";

/** Different values of one sort that are kept; a site has some hundred. */
const keptAtMost = 20_000;

/** Values that many objects have alike, each kept once. Forgets all of them when it is full, so that nothing stays for ever. */
class Shared<T> {
  readonly #kept = new Map<string, T>();

  of(key: string, value: T): T {
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    if (this.#kept.size >= keptAtMost) this.#kept.clear();
    this.#kept.set(key, value);
    return value;
  }
}

const texts = new Shared<string>();
const sizes = new Shared<{ current: number; max: number }>();
const consoles = new Shared<Vm["consoles"]>();
const features = new Shared<Host["features"]>();
const volumes = new Map<string, Datastore["volumes"]>();
const none: never[] = Object.freeze([]) as unknown as never[];

const text = <T extends string | undefined>(value: T): T => (value === undefined || value.length <= 10 ? value : (texts.of(value, value) as T));
const list = <T>(value: T[]): T[] => (value.length === 0 ? none : value);
const size = (value: { current: number; max: number }): { current: number; max: number } => sizes.of(`${value.current} ${value.max}`, value);

/** A datastore that several hosts have is told by each of them, with the same volumes. */
function volumesOf({ type, name, path, volumes: told }: Datastore): Datastore["volumes"] {
  if (told.length === 0) return none;
  const key = `${type} ${name} ${path}`;
  const known = volumes.get(key);
  if (known && same(known, told)) return known;
  if (volumes.size >= keptAtMost) volumes.clear();
  volumes.set(key, told);
  return told;
}

/**
 * The object with the parts that many others have alike (sizes, consoles, features, volumes of a datastore that several
 * hosts have, empty lists) replaced by one of each in memory. Objects of the estate are never changed in place. The
 * object itself is changed, unless it is frozen.
 */
export function sharedParts<T extends EstateObject>(object: T): T {
  if (Object.isFrozen(object)) return object;
  if (object.kind === "vm") {
    object.vcpus = size(object.vcpus);
    object.memory = size(object.memory);
    object.consoles = consoles.of(object.consoles.map(({ kind, alias }) => `${kind} ${alias}`).join(), object.consoles);
    object.snapshots = list(object.snapshots);
    object.pending = list(object.pending);
    object.tags = list(object.tags);
    object.hostId = text(object.hostId);
    if (object.os !== undefined) object.os = text(object.os);
    if (object.machine !== undefined) object.machine = text(object.machine);
  } else if (object.kind === "host") object.features = features.of(JSON.stringify(object.features), object.features);
  else if (object.kind === "datastore") {
    object.hostId = text(object.hostId);
    object.volumes = volumesOf(object);
  } else object.hostId = text(object.hostId);
  return object;
}
