import type { DatastoreFacts, Volume } from "@polyvisor/model";
import { deepFreeze } from "./deepFreeze.ts";
import type { SimHost } from "./simHost.ts";
import { VolumeContent } from "./volumeContent.ts";

export interface SimVolume {
  facts: Volume;
  /** Made when something is written: most volumes never hold a byte. */
  content: VolumeContent | undefined;
}

/** A place for volumes. A shared one is mounted by several hosts. */
export class SimDatastore {
  readonly name: string;
  readonly type: string;
  readonly path: string;
  readonly capacity: number;
  readonly shared: boolean;
  readonly hosts = new Set<SimHost>();
  readonly volumes = new Map<string, SimVolume>();
  #allocation = 0;
  #list: Volume[] | undefined;

  constructor(options: { name: string; type: string; path: string; capacity: number; shared: boolean }) {
    this.name = options.name;
    this.type = options.type;
    this.path = options.path;
    this.capacity = options.capacity;
    this.shared = options.shared;
  }

  get allocation(): number {
    return this.#allocation;
  }
  get available(): number {
    return Math.max(0, this.capacity - this.#allocation);
  }
  pathOf(volume: string): string {
    return `${this.path === "/" ? "" : this.path}/${volume}`;
  }

  put(facts: Omit<Volume, "path">, content?: VolumeContent): SimVolume {
    const before = this.volumes.get(facts.name);
    const volume = { facts: deepFreeze({ ...facts, path: this.pathOf(facts.name) }), content: content ?? before?.content };
    this.#allocation += facts.allocation - (before?.facts.allocation ?? 0);
    this.volumes.set(facts.name, volume);
    this.#list = undefined;
    return volume;
  }

  remove(name: string): void {
    const volume = this.volumes.get(name);
    if (!volume) return;
    this.#allocation -= volume.facts.allocation;
    volume.content?.clear();
    this.volumes.delete(name);
    this.#list = undefined;
  }

  /** The datastore as a host that has mounted it sees it. */
  facts(mount: Mount): DatastoreFacts {
    const { active } = mount;
    const volumes = active
      ? (this.#list ??= deepFreeze([...this.volumes.values()].map((volume) => volume.facts).sort((a, b) => (a.name < b.name ? -1 : 1))))
      : [];
    return deepFreeze({
      nativeId: mount.nativeId,
      name: this.name,
      type: this.type,
      active,
      autostart: mount.autostart,
      path: this.path,
      volumes,
      capacity: active ? this.capacity : 0,
      allocation: active ? this.#allocation : 0,
      available: active ? this.available : 0,
    });
  }
}

/** A datastore as one host has it. */
export interface Mount {
  readonly store: SimDatastore;
  readonly nativeId: string;
  active: boolean;
  autostart: boolean;
}
