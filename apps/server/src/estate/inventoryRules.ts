import type { Datastore, Event, FactsOf, HostFacts, InventoryKind, Network, Vm, VmFacts } from "@polyvisor/model";
import type { ObjectOf } from "../controlPlane.ts";
import type { Draft } from "../events/draft.ts";
import { changedFacts, onlyFacts, same, withFacts } from "./facts.ts";

/** How long a VM that vanished on one host is recognised when it appears on another. */
const moveMs = 60_000;

export interface RulesOptions {
  now(): number;
  newId(kind: InventoryKind): string;
}

/** Not moving. */
function still({ moving: _moving, ...vm }: Vm): Vm {
  return vm;
}

interface Note {
  cause?: string | undefined;
  taskId?: string | undefined;
}

/**
 * What a host tells becomes objects: who is who, what really changed, and since when. A VM keeps its id when its
 * UUID leaves one host and appears on another, in whichever order we hear of it; two that coexist stay two.
 */
export class InventoryRules {
  readonly #options: RulesOptions;
  /** VMs that vanished, by native id. */
  readonly #departed = new Map<string, { vm: Vm; at: number }>();
  /** VMs that appeared while another with their UUID was there: id of the new one, and of the one before it. */
  readonly #twins = new Map<string, { before: string; at: number }>();

  constructor(options: RulesOptions) {
    this.#options = options;
  }

  /** A task begins to move a VM. It stands in the VM's document, so that the server that looks after the other host knows of it in time. */
  beginMove(draft: Draft, nativeId: string, moving: NonNullable<Vm["moving"]>): void {
    const vm = draft.byNative("vm", moving.from, nativeId) ?? draft.byNative("vm", moving.to, nativeId);
    if (!vm || same(vm.moving, moving)) return;
    draft.put({ ...vm, moving, revision: vm.revision + 1 }, { type: "changed", fields: ["moving"], taskId: moving.taskId });
  }

  /** The move is over, whatever came of it: where the VM is now is what the hosts say. */
  endMove(draft: Draft, nativeId: string, taskId: string): void {
    for (const vm of draft.withNative("vm", nativeId)) {
      if (vm.moving?.taskId !== taskId) continue;
      draft.put({ ...still(vm), revision: vm.revision + 1 }, { type: "changed", fields: ["moving"], taskId });
    }
  }

  /**
   * Another server committed a change of a VM: what is remembered of it there is remembered here too.
   * @param before as it was known, @param others with the same native id, on other hosts
   */
  seen(event: Event, before: Vm | undefined, others: readonly Vm[]): void {
    if (event.type === "deleted" && before) this.#depart(before);
    const other = others[0];
    if (event.type === "created" && other) this.#remember(event.objectId, other.id);
  }

  host(draft: Draft, hostId: string, facts: HostFacts): void {
    const host = draft.get("host", hostId);
    if (!host || same(host.facts, facts)) return;
    draft.put({ ...host, facts, revision: host.revision + 1 }, { type: "changed", fields: ["facts"] });
  }

  upsert<K extends InventoryKind>(draft: Draft, kind: K, hostId: string, facts: FactsOf[K], note: Note): void {
    if (!draft.get("host", hostId)) return; // forgotten meanwhile
    const known = draft.byNative(kind, hostId, facts.nativeId);
    if (known) return this.#change(draft, kind, known, facts, note);
    if (kind === "vm") return this.#appear(draft, hostId, facts as VmFacts, note);
    const object = { kind, id: this.#options.newId(kind), hostId, revision: 1, ...onlyFacts(kind, facts) } as unknown as Datastore | Network;
    draft.put(object, { type: "created", ...note });
  }

  remove(draft: Draft, kind: InventoryKind, hostId: string, nativeId: string, note: Note): void {
    const known = draft.byNative(kind, hostId, nativeId);
    if (!known) return;
    if (known.kind !== "vm") return draft.remove(known, note);
    if (known.moving?.from === hostId) return; // it is on its way; the end of the step tells where it is
    for (const twin of draft.withNative("vm", nativeId)) {
      const born = this.#twins.get(twin.id);
      if (born?.before !== known.id) continue;
      this.#twins.delete(twin.id);
      draft.remove(twin, { ...note, cause: `it is ${known.id}, which moved here` });
      const { id: _id, hostId: to, revision: _revision, tags, notes, ...facts } = twin;
      draft.put(
        {
          ...known,
          ...facts,
          id: known.id,
          hostId: to,
          tags: [...new Set([...known.tags, ...tags])],
          notes: known.notes || notes,
          revision: known.revision + 1,
        },
        { type: "changed", fields: ["hostId"], ...note },
      );
      return;
    }
    this.#depart(known);
    draft.remove(known, note);
  }

  #depart(vm: Vm): void {
    if (this.#departed.size > 100_000) this.#departed.clear();
    this.#departed.set(vm.nativeId, { vm: still(vm), at: this.#options.now() });
  }

  /** Everything of a host that is not among these is gone. @param most so many at once. @returns whether there is more */
  keepOnly(draft: Draft, hostId: string, present: Readonly<Record<InventoryKind, ReadonlySet<string>>>, most = Infinity): boolean {
    let left = most;
    for (const kind of ["vm", "datastore", "network"] as const) {
      for (const object of draft.ofHost(kind, hostId)) {
        if (present[kind].has(object.nativeId)) continue;
        if (left-- === 0) return true;
        this.remove(draft, kind, hostId, object.nativeId, { cause: "no longer in the host's inventory" });
      }
    }
    return false;
  }

  #change<K extends InventoryKind>(draft: Draft, kind: K, known: ObjectOf[K], facts: FactsOf[K], note: Note): void {
    const fields = changedFacts(kind, known as unknown as FactsOf[K], facts);
    if (fields.length === 0) return;
    let object = { ...withFacts(known, facts, fields), revision: known.revision + 1 };
    if (kind === "vm" && fields.includes("state")) object = { ...object, stateSince: this.#nowText() };
    draft.put(object, { type: "changed", fields, ...note });
  }

  #appear(draft: Draft, hostId: string, facts: VmFacts, note: Note): void {
    const others = draft.withNative("vm", facts.nativeId);
    if (others.some((vm) => vm.moving?.from === hostId)) return;
    const source = others.find((vm) => vm.moving?.to === hostId && vm.hostId === vm.moving.from);
    if (source) return this.#takeOver(draft, source, hostId, facts, "changed", { ...note, taskId: note.taskId ?? source.moving!.taskId });
    const departed = this.#departed.get(facts.nativeId);
    if (others.length === 0 && departed && this.#options.now() - departed.at <= moveMs && !draft.get("vm", departed.vm.id))
      return this.#takeOver(draft, departed.vm, hostId, facts, "created", note);
    const vm: Vm = {
      kind: "vm",
      id: this.#options.newId("vm"),
      hostId,
      revision: 1,
      stateSince: this.#nowText(),
      tags: [],
      notes: "",
      ...onlyFacts("vm", facts),
    };
    if (others[0]) this.#remember(vm.id, others[0].id);
    draft.put(vm, { type: "created", ...note });
  }

  /** The same VM, seen on another host (or again on the same one). */
  #takeOver(draft: Draft, before: Vm, hostId: string, facts: VmFacts, type: "changed" | "created", note: Note): void {
    const fields = [...(before.hostId === hostId ? [] : ["hostId"]), ...changedFacts("vm", before, facts)];
    const stateSince = before.state === facts.state ? before.stateSince : this.#nowText();
    draft.put(
      {
        ...withFacts(
          before,
          facts,
          fields.filter((name) => name !== "hostId"),
        ),
        hostId,
        stateSince,
        revision: before.revision + 1,
      },
      { type, fields: type === "changed" ? fields : [], ...note },
    );
  }

  #remember(twin: string, before: string): void {
    const now = this.#options.now();
    if (this.#twins.size > 10_000) for (const [id, { at }] of this.#twins) if (now - at > moveMs) this.#twins.delete(id);
    this.#twins.set(twin, { before, at: now });
  }

  #nowText(): string {
    return new Date(this.#options.now()).toISOString();
  }
}
