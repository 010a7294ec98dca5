import { PolyvisorError } from "@polyvisor/model";
import type { Apply } from "@polyvisor/model";
import { constants as c } from "@polyvisor/protocol-libvirt";
import type { Domain } from "@polyvisor/protocol-libvirt";
import { describedVm } from "../domain/describedVm.ts";
import { isActive } from "../domain/domainState.ts";
import { setMemory, setVcpus } from "../domain/editDomain.ts";
import { isUnsupported } from "../failure.ts";
import type { Session } from "../session.ts";
import { parseXml } from "../xml/parseXml.ts";
import type { Observation, VerbHandlers } from "./actionTools.ts";
import { redefine } from "./redefine.ts";

/** Which of the two descriptions an edit touches, given whether the VM runs; refuses what cannot be. */
export async function touched(session: Session, dom: Domain, apply: Apply): Promise<{ live: boolean; config: boolean; flags: number }> {
  const { state } = await session.call.domainGetState({ dom });
  const active = isActive(state);
  if (apply === "now" && !active)
    throw new PolyvisorError("wrongState", {
      detail: `VM "${dom.name}" does not run, so nothing can be changed on it now`,
      remedy: "Change it for its next start.",
    });
  const live = active && apply !== "nextStart";
  const config = apply !== "now";
  if (config && (await session.call.domainIsPersistent({ dom })).persistent === 0) {
    if (apply === "nextStart") throw new PolyvisorError("notSupported", { detail: `VM "${dom.name}" is transient: it has no next start` });
    return { live, config: false, flags: c.VIR_DOMAIN_AFFECT_LIVE };
  }
  return { live, config, flags: (live ? c.VIR_DOMAIN_AFFECT_LIVE : 0) | (config ? c.VIR_DOMAIN_AFFECT_CONFIG : 0) };
}

/** A VM as it is, and as it will be at its next start. */
export async function bothOf(
  session: Session,
  dom: Domain,
  signal?: AbortSignal,
): Promise<{ live: ReturnType<typeof describedVm>; next: ReturnType<typeof describedVm> }> {
  const [live, next] = await Promise.all(
    [0, c.VIR_DOMAIN_XML_INACTIVE].map(async (flags) =>
      describedVm(parseXml((await session.call.domainGetXmlDesc({ dom, flags }, { signal })).xml, `the description of VM "${dom.name}"`)),
    ),
  );
  return { live: live!, next: next! };
}

/** Observes an edit by what both descriptions say: `now` asks the one, `nextStart` the other, `both` each. */
export async function observeBoth(
  session: Session,
  vm: string,
  apply: Apply,
  so: (described: ReturnType<typeof describedVm>) => boolean,
  signal?: AbortSignal,
): Promise<Observation> {
  const dom = await session.findVm(vm);
  if (!dom) return "notDone";
  if (apply === "now" && !isActive((await session.call.domainGetState({ dom }, { signal })).state)) return "notDone";
  const { live, next } = await bothOf(session, dom, signal);
  return (apply === "nextStart" || so(live)) && (apply === "now" || so(next)) ? "done" : "notDone";
}

/** Refuses more now than may ever be. */
async function fits(
  session: Session,
  dom: Domain,
  apply: Apply,
  what: string,
  wish: { current?: number | undefined; max?: number | undefined },
  of: (described: ReturnType<typeof describedVm>) => { max: number },
): Promise<void> {
  if (wish.current === undefined) return;
  const { live, next } = await bothOf(session, dom);
  const most = apply === "now" ? of(live).max : (wish.max ?? of(next).max);
  if (wish.current > most)
    throw new PolyvisorError("badRequest", {
      detail: `VM "${dom.name}" may have ${most} of ${what} at most, and ${wish.current} were asked for`,
      remedy: "Raise the maximum with it; it takes effect at the next start.",
      where: "/current",
    });
}

const kib = (bytes: number): bigint => BigInt(Math.ceil(bytes / 1024));

export const sizeActions: Pick<VerbHandlers, "vm.setMemory" | "vm.setVcpus"> = {
  "vm.setMemory": {
    async run({ session }, { vm, current, max, apply }) {
      const dom = await session.vm(vm);
      const { live, config, flags } = await touched(session, dom, apply);
      await fits(session, dom, apply, "memory", { current, max }, ({ memory }) => memory);
      if (max !== undefined && !config)
        throw new PolyvisorError("notSupported", { detail: "the greatest memory cannot change while the VM runs", remedy: "Change it for the next start." });
      const set = (bytes: number, how: number): Promise<void> => session.call.domainSetMemoryFlags({ dom, memory: kib(bytes), flags: how });
      try {
        // Live first: what cannot be done now must not be left promised for later.
        if (live && current !== undefined) await set(current, c.VIR_DOMAIN_MEM_LIVE);
        if (config) {
          const maximum = async (): Promise<void> => {
            if (max !== undefined) await set(max, c.VIR_DOMAIN_MEM_CONFIG | c.VIR_DOMAIN_MEM_MAXIMUM);
          };
          const granted = async (): Promise<void> => {
            if (current !== undefined) await set(current, c.VIR_DOMAIN_MEM_CONFIG);
          };
          const { next } = await bothOf(session, dom);
          // The ceiling is raised before what lies under it, and lowered after.
          for (const step of max !== undefined && max >= next.memory.max ? [maximum, granted] : [granted, maximum]) await step();
        }
      } catch (error) {
        if (!isUnsupported(error) || live) throw error;
        await redefine(session, dom, (root) => setMemory(root, { current, max }));
      }
      return { message: changed(live, flags) };
    },
    observe: ({ session }, { vm, current, max, apply }, signal) =>
      observeBoth(
        session,
        vm,
        apply,
        ({ memory }) => (current === undefined || Math.abs(memory.current - current) < 1024) && (max === undefined || Math.abs(memory.max - max) < 1024),
        signal,
      ),
  },
  "vm.setVcpus": {
    async run({ session }, { vm, current, max, apply }) {
      const dom = await session.vm(vm);
      const { live, config, flags } = await touched(session, dom, apply);
      await fits(session, dom, apply, "vCPUs", { current, max }, ({ vcpus }) => vcpus);
      if (max !== undefined && !config)
        throw new PolyvisorError("notSupported", {
          detail: "the greatest number of vCPUs cannot change while the VM runs",
          remedy: "Change it for the next start.",
        });
      if (live && current !== undefined) await session.call.domainSetVcpusFlags({ dom, nvcpus: current, flags: c.VIR_DOMAIN_VCPU_LIVE });
      // A number and its topology belong together, and libvirt's own call leaves the topology: the description is edited.
      if (config) await redefine(session, dom, (root) => setVcpus(root, { current, max }));
      return { message: changed(live, flags) };
    },
    observe: ({ session }, { vm, current, max, apply }, signal) =>
      observeBoth(session, vm, apply, ({ vcpus }) => (current === undefined || vcpus.current === current) && (max === undefined || vcpus.max === max), signal),
  },
};

/** When a change takes effect, in words. */
export function changed(live: boolean, flags: number): string {
  if (!live) return "changed for its next start";
  return flags & c.VIR_DOMAIN_AFFECT_CONFIG ? "changed, and for its next start too" : "changed until it stops";
}
