import type { Hypervisor } from "@polyvisor/hypervisors";
import { PolyvisorError, verbs, type Action, type ErrorCode, type InventoryKind, type PlanStep } from "@polyvisor/model";
import type { Attribution } from "../estate/attribution.ts";
import type { Estate } from "../estate/estate.ts";
import type { InventoryRules } from "../estate/inventoryRules.ts";
import type { Leases } from "../cluster/leases.ts";
import { ClaimLost, type Claim } from "../events/claim.ts";
import type { Journal } from "../events/journal.ts";
import type { Hosts } from "../hosts/hosts.ts";
import { buildTemplate } from "../templates/buildTemplate.ts";
import { placeImage } from "../templates/placeImage.ts";
import type { Templates } from "../templates/templates.ts";
import { vmMadeBy, type Arrivals } from "./arrivals.ts";
import { checkRevision } from "./ifRevisions.ts";
import type { Performed } from "./taskRun.ts";

/** Failures after which nobody knows whether the host did it. */
const outcomeUnknown: ReadonlySet<ErrorCode> = new Set(["hostUnreachable", "hostRefused", "hostTimeout", "hostProtocol", "hostNameUnknown"]);
const attempts = 3;
/** How long new VMs are waited for in the estate after the host said that they are there. */
const settleMs = 2_000;
/** By then a regular look has found it. */
const lookMs = 10_000;

type AtHost = Exclude<PlanStep["action"], { verb: "template.build" }>;
type Placing = NonNullable<PlanStep["place"]>;

export interface PerformerOptions {
  hosts: Hosts;
  estate: Estate;
  rules: InventoryRules;
  attribution: Attribution;
  templates: Templates;
  journal: Journal;
  arrivals: Arrivals;
  leases: Pick<Leases, "held">;
  /** Resolves when what the host told so far is committed. Rejects with `ClaimLost` when another server has the host. */
  heard(lease: Claim): Promise<void>;
  /** Tells the other servers of something. */
  tell(what: string): void;
  hostWait: number;
  /** Puts a new VM into its folder and gives it its tags, where it has none yet. */
  place(taskId: string, hostId: string, nativeId: string, place: Placing): Promise<void>;
}

export interface StepContext {
  signal: AbortSignal;
  interrupted: boolean;
  progress(fraction: number, message?: string): void;
}

/** Carries steps out. What may have been done already is looked for before it is done again. */
export class StepPerformer {
  readonly #options: PerformerOptions;

  constructor(options: PerformerOptions) {
    this.#options = options;
  }

  get estate(): Estate {
    return this.#options.estate;
  }

  async perform(taskId: string, step: PlanStep, context: StepContext): Promise<Performed> {
    const { action } = step;
    if (action.verb === "template.build") return buildTemplate(this.#options.templates, action.template, context);
    if (step.hostId === undefined) throw new PolyvisorError("internal", { detail: `step ${step.n} names no host` });
    // What was begun has changed it itself.
    if (!context.interrupted) checkRevision(step, this.estate);
    return this.#staying(step.hostId, () => this.#performOn(step.hostId!, action, taskId, step, context));
  }

  /**
   * The host is not handed over before what the step did is known to all: its end is not told before that, or whoever
   * orders the next thing would be refused by what is out of date.
   */
  async #staying(hostId: string, work: () => Promise<Performed>): Promise<Performed> {
    const { hosts, leases, heard } = this.#options;
    await hosts.users.admitted(hostId);
    const leave = hosts.users.enter(hostId);
    try {
      const performed = await work();
      const lease = leases.held(hostId);
      // Where it was taken away all the same, its new holder reads everything anew.
      if (lease)
        await heard(lease).catch((error: unknown) => {
          if (!(error instanceof ClaimLost)) throw error;
        });
      return performed;
    } finally {
      leave();
    }
  }

  async #performOn(hostId: string, action: AtHost, taskId: string, step: PlanStep, context: StepContext): Promise<Performed> {
    const release = this.#attribute(taskId, hostId, step);
    try {
      if (action.verb === "image.place")
        return await this.#overConnection(hostId, context, (hypervisor) =>
          placeImage(this.#options.templates, this.#options.estate, hostId, hypervisor, action, context),
        );
      const performed = await this.#run(taskId, hostId, action, context);
      if (step.place) await this.#place(taskId, hostId, action, step.place);
      return performed;
    } finally {
      release();
    }
  }

  async #run(taskId: string, hostId: string, action: Action, context: StepContext): Promise<Performed> {
    const leave = action.verb === "vm.migrate" ? await this.#beginMove(taskId, hostId, action.vm, action.to) : undefined;
    let look = context.interrupted;
    let failure: PolyvisorError | undefined;
    try {
      for (let attempt = 0; attempt < attempts; attempt++) {
        const hypervisor = await this.#connected(hostId, look ? new AbortController().signal : context.signal).catch((error: unknown): never => {
          if (!look || !(error instanceof PolyvisorError) || error instanceof ClaimLost) throw error;
          throw new PolyvisorError("interrupted", {
            detail: `${context.interrupted ? "the server stopped" : "the connection broke"} while this was under way, and the host cannot be asked: ${error.detail}`,
            remedy: error.remedy,
          });
        });
        try {
          if (look) {
            const seen = verbs[action.verb].observable ? await hypervisor.observe(action) : "unknown";
            if (seen === "done")
              return { message: context.interrupted ? "found done after a restart of the server" : "found done after the connection to the host came back" };
            if (seen === "unknown")
              throw new PolyvisorError("interrupted", {
                detail: context.interrupted
                  ? "the server stopped while this was under way, and its outcome cannot be observed"
                  : `the connection to the host broke while this was under way, and its outcome cannot be observed${failure ? `: ${failure.detail}` : ""}`,
              });
            context.signal.throwIfAborted();
          }
          const { message, already, told } = await hypervisor.run(action, { signal: context.signal, progress: context.progress });
          // The plan found the name free, and this is the first attempt: it is somebody else's.
          if (already && !look && action.verb === "volume.create")
            throw new PolyvisorError("nameTaken", {
              detail: `the datastore ${action.datastore} has a volume "${action.volume}", which was made meanwhile`,
              remedy: "Repeat the request: the plan will choose another name.",
            });
          return { message: look ? `${message}; it had been interrupted and was not done, so it was done now` : message, told };
        } catch (error) {
          if (!(error instanceof PolyvisorError) || !outcomeUnknown.has(error.code)) throw error;
          failure = error;
          look = true;
        }
      }
      throw failure!;
    } finally {
      await leave?.();
    }
  }

  /** Something that may be repeated from the beginning as often as the connection breaks. */
  async #overConnection(hostId: string, context: StepContext, work: (hypervisor: Hypervisor) => Promise<Performed>): Promise<Performed> {
    for (let attempt = 1; ; attempt++) {
      const hypervisor = await this.#connected(hostId, context.signal);
      try {
        const { message } = await work(hypervisor);
        return { message: context.interrupted ? `${message}; it had been interrupted, so it was done anew` : message };
      } catch (error) {
        if (attempt >= attempts || !(error instanceof PolyvisorError) || !outcomeUnknown.has(error.code) || context.signal.aborted) throw error;
      }
    }
  }

  /** The host's connection; waits for it for a while, because hosts and daemons restart. */
  async #connected(hostId: string, signal: AbortSignal): Promise<Hypervisor> {
    const { hosts, hostWait } = this.#options;
    // A connection that has just broken may not have said so yet: give its end a moment to be heard.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      return await hosts.connection(hostId).whenConnected(AbortSignal.any([signal, AbortSignal.timeout(hostWait)]));
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  }

  async #beginMove(taskId: string, from: string, vm: string, to: string): Promise<() => Promise<void>> {
    const { estate, hosts, rules, journal, leases, tell } = this.#options;
    const destination = [...estate.tables.host.byId.values()].find((host) => host.uri === to || sameUri(host.uri, to));
    const claim = leases.held(from);
    if (!destination || !claim) return async () => undefined;
    await journal.write((draft) => {
      draft.under(claim);
      rules.beginMove(draft, vm, { from, to: destination.id, taskId });
    });
    return async () => {
      // Where the host was taken over meanwhile, its new holder goes on with the move and ends it.
      if (!leases.held(from)) return;
      await journal.write((draft) => {
        draft.under(claim);
        rules.endMove(draft, vm, taskId);
      });
      // Where it is now is what the hosts say: the new one first, so that it is known there before it is gone here.
      for (const id of [destination.id, from]) {
        if (leases.held(id)) hosts.again(id, "refresh");
        else tell(`refresh ${id}`);
      }
    };
  }

  /** Puts a VM that was made into its folder. Until then it is at the top, where no grant of a folder reaches. */
  async #place(taskId: string, hostId: string, action: Action, place: Placing): Promise<void> {
    const uuid = vmMadeBy(action);
    if (uuid === undefined) return;
    await this.#options.arrivals.vm(hostId, uuid, lookMs);
    await this.#options.place(taskId, hostId, uuid, place);
  }

  /**
   * Before a task ends: a client that asks for a VM right after that shall find it. What follows in the task does not
   * wait for it, since it names the VM by the hypervisor's own id.
   */
  async settled(steps: readonly PlanStep[]): Promise<void> {
    await Promise.all(
      steps.map(({ hostId, action }) => {
        const uuid = vmMadeBy(action);
        return hostId === undefined || uuid === undefined ? undefined : this.#options.arrivals.vm(hostId, uuid, settleMs);
      }),
    );
  }

  #attribute(taskId: string, hostId: string, step: PlanStep): () => void {
    const { action, target } = step;
    const keys: [InventoryKind, string][] = [];
    if ("vm" in action) keys.push(["vm", action.vm]);
    if (action.verb === "vm.clone") keys.push(["vm", action.to]);
    if ("datastore" in action) keys.push(["datastore", action.datastore]);
    if ("network" in action) keys.push(["network", action.network]);
    if (keys.length === 0 && target.kind !== "host" && target.kind !== "template") keys.push([target.kind, target.name]);
    const ends = keys.map(([kind, key]) => this.#options.attribution.begin(taskId, hostId, kind, key));
    if (action.verb === "vm.migrate") {
      const destination = [...this.#options.estate.tables.host.byId.values()].find((host) => sameUri(host.uri, action.to));
      if (destination) ends.push(this.#options.attribution.begin(taskId, destination.id, "vm", action.vm));
    }
    return () => ends.forEach((end) => end());
  }
}

/** Whether two texts are the same URI. */
function sameUri(a: string, b: string): boolean {
  return a === b || (URL.canParse(b) && URL.parse(b)!.href === a);
}
