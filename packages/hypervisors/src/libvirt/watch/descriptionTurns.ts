import { LibvirtError } from "@polyvisor/protocol-libvirt";
import type { Domain } from "@polyvisor/protocol-libvirt";
import type { VmReader } from "../domain/vmReader.ts";
import type { Session } from "../session.ts";

/** Most milliseconds of a look that descriptions take: more VMs than are compared within it take more looks. */
const budget = 1_200;
/** Milliseconds within which a burst of questions should be answered, for an urgent call waits behind it. */
const burst = 50;
/** VMs asked about at once: at the start, and at the least and most that the answers' speed makes of it. */
const width = { first: 32, least: 8, most: 512 } as const;

/**
 * Compares the descriptions of all VMs with what is known, in turns: who waited longest comes first. A description that
 * is what it was is neither parsed nor kept, so a VM costs a question, an answer and a digest.
 */
export class DescriptionTurns {
  readonly #vms: Pick<VmReader, "edited">;
  readonly #session: Pick<Session, "log">;
  /** Every VM, in the order in which they are compared next. */
  readonly #turns = new Map<string, Domain>();
  #width: number = width.first;

  constructor(vms: Pick<VmReader, "edited">, session: Pick<Session, "log">) {
    this.#vms = vms;
    this.#session = session;
  }

  /**
   * Compares each of the VMs once, or as many as there is time for, and hands over those that were edited.
   * @returns how many were compared
   */
  async compare(all: readonly Domain[], edited: (dom: Domain) => void, signal: AbortSignal): Promise<number> {
    const present = new Set(all.map(({ uuid }) => uuid));
    for (const uuid of this.#turns.keys()) if (!present.has(uuid)) this.#turns.delete(uuid);
    // Who is known keeps its turn.
    for (const dom of all) this.#turns.set(dom.uuid, dom);
    const until = performance.now() + budget;
    let done = 0;
    for (let now = 0; done < all.length && now < until && !signal.aborted;) {
      const turn = this.#turns
        .values()
        .take(Math.min(this.#width, all.length - done))
        .toArray();
      const began = performance.now();
      const differ = await Promise.all(turn.map((dom) => this.#edited(dom, signal)));
      turn.forEach((dom, i) => {
        this.#turns.delete(dom.uuid);
        this.#turns.set(dom.uuid, dom);
        if (differ[i]) edited(dom);
      });
      done += turn.length;
      now = performance.now();
      if (now - began > burst) this.#width = Math.max(width.least, this.#width >> 1);
      else if (turn.length === this.#width) this.#width = Math.min(width.most, this.#width * 2);
    }
    return done;
  }

  /** A VM that the endpoint cannot describe must not keep the others from being looked at. */
  async #edited(dom: Domain, signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#vms.edited(dom, signal);
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error;
      this.#session.log("debug", "a VM could not be compared", { vm: dom.name, error: String(error) });
      return false;
    }
  }
}
