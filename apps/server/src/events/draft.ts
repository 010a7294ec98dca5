import type { Event, Failure, Plan, Task, Vm } from "@polyvisor/model";
import type pg from "pg";
import type { EstateKind, EstateObject, ObjectOf } from "../controlPlane.ts";
import type { Estate } from "../estate/estate.ts";
import type { AuditTicket } from "../audit/auditTicket.ts";
import type { Actor } from "../history/actor.ts";
import { shownPlan, type Asked } from "../tasks/asked.ts";
import { ClaimLost, type Claim } from "./claim.ts";

/** What a change is told with. */
export interface ChangeNote {
  type: "created" | "changed" | "deleted";
  fields?: string[];
  cause?: string | undefined;
  taskId?: string | undefined;
}

/** A change that will be an event and, but for tasks, a row of `object`. */
export interface DraftChange extends ChangeNote {
  object: EstateObject | Task;
  actor: Actor;
}

/** Columns of `task` that change after it was made. */
export type TaskUpdate = Pick<Task, "id" | "state" | "startedAt" | "endedAt" | "cancelRequested" | "revision" | "failure">;
export interface StepUpdate {
  taskId: string;
  n: number;
  state: string;
  progress: number;
  startedAt?: string | undefined;
  endedAt?: string | undefined;
  message?: string | undefined;
  failure?: Failure | undefined;
}

/**
 * What a batch is going to commit, and the estate as it will be then. A mutation reads and writes here; when it
 * throws, what it wrote is taken back and the rest of the batch goes on.
 */
export class Draft {
  readonly changes: DraftChange[] = [];
  readonly newTasks: { task: Task; plan: Plan; owner: string; asked: Asked | undefined }[] = [];
  readonly taskUpdates = new Map<string, TaskUpdate>();
  readonly stepUpdates = new Map<string, StepUpdate>();
  /** Entries of the audit log for what the batch changes. */
  readonly audited: AuditTicket[] = [];
  /** Whether a statement decides by its answer whether all this may be committed. */
  looksAtAnswers = false;
  readonly statements: ((client: pg.ClientBase) => Promise<unknown>)[] = [];
  /** What the mutations were made under: the store takes the batch only if all of them still hold. */
  readonly claims = new Set<Claim>();
  readonly #estate: Estate;
  readonly #overlay = new Map<string, EstateObject | undefined>();
  readonly #natives = new Map<string, string>();
  /** Ids of what was put here, by native id and by host; who is asked for them looks whether they still hold. */
  readonly #put = new Map<string, Set<string>>();
  #undo: (() => void)[] | undefined;
  #actor: Actor | undefined;

  constructor(estate: Estate) {
    this.#estate = estate;
  }

  get<K extends EstateKind>(kind: K, id: string): ObjectOf[K] | undefined {
    return this.#overlay.has(id) ? (this.#overlay.get(id) as ObjectOf[K] | undefined) : this.#estate.get(kind, id);
  }

  byNative<K extends Exclude<EstateKind, "host">>(kind: K, hostId: string, nativeId: string): ObjectOf[K] | undefined {
    const here = this.#natives.get(nativeKey(kind, hostId, nativeId)) ?? this.#estate.byNative(kind, hostId, nativeId)?.id;
    const object = here === undefined ? undefined : this.get(kind, here);
    return object && (object as Vm).hostId === hostId && (object as Vm).nativeId === nativeId ? object : undefined;
  }

  /** Objects with a native id on any host. */
  withNative<K extends Exclude<EstateKind, "host">>(kind: K, nativeId: string): ObjectOf[K][] {
    const ids = new Set(this.#estate.withNative(kind, nativeId).map((object) => object.id));
    for (const id of this.#put.get(`${kind} ${nativeId}`) ?? []) ids.add(id);
    return [...ids].flatMap((id) => this.get(kind, id) ?? []).filter((object) => (object as Vm).nativeId === nativeId);
  }

  ofHost<K extends Exclude<EstateKind, "host">>(kind: K, hostId: string): ObjectOf[K][] {
    const ids = new Set(this.#estate.ofHost(kind, hostId));
    for (const id of this.#put.get(`${kind} on ${hostId}`) ?? []) ids.add(id);
    return [...ids].flatMap((id) => this.get(kind, id) ?? []).filter((object) => (object as Vm).hostId === hostId);
  }

  hostNamed(name: string): ObjectOf["host"] | undefined {
    for (const object of this.#overlay.values()) if (object?.kind === "host" && object.name === name) return object;
    for (const id of this.#estate.tables.host.indexes.name.get(name)) {
      const host = this.get("host", id);
      if (host?.name === name) return host;
    }
    return undefined;
  }

  put(object: EstateObject, note: ChangeNote): void {
    this.#set(object.id, object);
    if (object.kind !== "host") {
      const key = nativeKey(object.kind, object.hostId, object.nativeId);
      this.#note(`${object.kind} ${object.nativeId}`, object.id);
      this.#note(`${object.kind} on ${object.hostId}`, object.id);
      const before = this.#natives.get(key);
      this.#natives.set(key, object.id);
      this.#undo?.push(() => (before === undefined ? this.#natives.delete(key) : this.#natives.set(key, before)));
    }
    this.#change({ ...note, object });
  }

  remove(object: EstateObject, note: Omit<ChangeNote, "type" | "fields"> = {}): void {
    this.#set(object.id, undefined);
    this.#change({ ...note, type: "deleted", object });
  }

  addTask(task: Task, owner: string, asked?: Asked): void {
    this.newTasks.push({ task, plan: task.plan, owner, asked });
    this.#undo?.push(() => this.newTasks.pop());
  }

  /** Of a task that is over the secrets of its plan are dropped: nothing needs them any more. */
  updateTask(task: Task): void {
    const plan = task.endedAt === undefined ? task.plan : shownPlan(task.plan);
    if (plan !== task.plan) this.also((client) => client.query("update task set plan = $2 where id = $1", [task.id, JSON.stringify(plan)]));
    this.#replace(this.taskUpdates, task.id, {
      id: task.id,
      state: task.state,
      startedAt: task.startedAt,
      endedAt: task.endedAt,
      cancelRequested: task.cancelRequested,
      revision: task.revision,
      failure: task.failure as Failure | undefined,
    } as TaskUpdate);
  }

  updateStep(step: StepUpdate): void {
    this.#replace(this.stepUpdates, `${step.taskId} ${step.n}`, step);
  }

  /** Tells of a task: an event without a row of `object`. */
  tellTask(task: Task, note: ChangeNote): void {
    this.#change({ ...note, object: task });
  }

  /** What follows holds only as long as this claim does. @throws ClaimLost */
  under(claim: Claim): void {
    if (claim.lost) throw new ClaimLost(claim);
    if (this.claims.has(claim)) return;
    this.claims.add(claim);
    this.#undo?.push(() => this.claims.delete(claim));
  }

  /** A statement of its own in the same transaction. @param looks at its answer, and may throw for it: the commit waits */
  also(statement: (client: pg.ClientBase) => Promise<unknown>, looks = false): void {
    this.looksAtAnswers ||= looks;
    this.statements.push(statement);
    this.#undo?.push(() => this.statements.pop());
  }

  /** Runs one mutation in the name of its actor; what it wrote is taken back when it throws. */
  attempt<T>(mutation: (draft: Draft) => T, actor?: Actor): T {
    const undo: (() => void)[] = [];
    const changesBefore = this.changes.length;
    const tasksBefore = this.newTasks.length;
    this.#undo = undo;
    this.#actor = actor;
    try {
      const value = mutation(this);
      if (actor?.ticket && !actor.ticket.recorded && undo.length > 0) this.#audit(actor.ticket, changesBefore, tasksBefore);
      if (actor?.mark && undo.length > 0) {
        const { mark } = actor;
        const object = this.newTasks[tasksBefore]?.task.id ?? this.changes[changesBefore]?.object.id;
        this.also((client) => mark(client, object), true);
      }
      return value;
    } catch (error) {
      for (const each of undo.reverse()) each();
      throw error;
    } finally {
      this.#undo = undefined;
    }
  }

  get isEmpty(): boolean {
    return this.changes.length + this.newTasks.length + this.taskUpdates.size + this.stepUpdates.size + this.statements.length === 0;
  }

  /** The objects as the store shall have them. */
  finals(): ReadonlyMap<string, EstateObject | undefined> {
    return this.#overlay;
  }

  #note(key: string, id: string): void {
    const ids = this.#put.get(key);
    if (ids) ids.add(id);
    else this.#put.set(key, new Set([id]));
  }

  #change(change: Omit<DraftChange, "actor">): void {
    this.changes.push({ ...change, actor: this.#actorOf(change) });
    this.#undo?.push(() => this.changes.pop());
  }

  #audit(ticket: AuditTicket, changesBefore: number, tasksBefore: number): void {
    const task = this.newTasks[tasksBefore]?.task;
    const object = this.changes[changesBefore]?.object;
    if (task) ticket.about({ task: task.id });
    else if (object?.kind === "task") ticket.about({ task: object.id });
    else if (object) ticket.about({ object: object.id, name: object.name });
    this.audited.push(ticket);
  }

  /** A step's effects and a task's own progress are the task's; the account is that of the task. */
  #actorOf({ taskId, object }: Omit<DraftChange, "actor">): Actor {
    const actor = this.#actor ?? { origin: "server" };
    if (taskId === undefined || actor.by !== undefined) return actor;
    return { origin: "task", by: object.kind === "task" ? object.by : undefined };
  }

  #set(id: string, object: EstateObject | undefined): void {
    const had = this.#overlay.has(id);
    const before = this.#overlay.get(id);
    this.#overlay.set(id, object);
    this.#undo?.push(() => (had ? this.#overlay.set(id, before) : this.#overlay.delete(id)));
  }

  #replace<V>(map: Map<string, V>, key: string, value: V): void {
    const had = map.has(key);
    const before = map.get(key);
    map.set(key, value);
    this.#undo?.push(() => (had ? map.set(key, before as V) : map.delete(key)));
  }
}

const nativeKey = (kind: string, hostId: string, nativeId: string): string => `${kind} ${hostId} ${nativeId}`;

/** An event as it is kept and told, its id still to come. */
export function eventOf(change: DraftChange, at: string): Omit<Event, "id"> {
  const event: Omit<Event, "id"> = { at, type: change.type, kind: change.object.kind, objectId: change.object.id, fields: change.fields ?? [] };
  if (change.cause !== undefined) event.cause = change.cause;
  if (change.taskId !== undefined) event.taskId = change.taskId;
  if (change.actor.by !== undefined) event.by = change.actor.by;
  event.origin = change.actor.origin;
  if (change.type !== "deleted") event.object = change.object;
  return event;
}
