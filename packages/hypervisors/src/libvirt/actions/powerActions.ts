import { PolyvisorError } from "@polyvisor/model";
import { constants as c } from "@polyvisor/protocol-libvirt";
import type { Domain } from "@polyvisor/protocol-libvirt";
import { isActive } from "../domain/domainState.ts";
import { lookAtVm } from "../domain/vmListing.ts";
import { isLibvirt, isUnsupported } from "../failure.ts";
import { absent } from "../session.ts";
import type { Session } from "../session.ts";
import { unhurried } from "./actionTools.ts";
import type { Observation, VerbHandlers } from "./actionTools.ts";
import { duringJob } from "./duringJob.ts";
import { waitFor } from "./waitFor.ts";

/** Milliseconds between two presses of the power button: a guest that still boots misses the first. */
const pressAgain = 10_000;

/** Milliseconds that a guest may take to be there to be asked. */
const startsUp = 3_000;

/** Milliseconds that a start which is under way may take: a guest of many devices and much memory is not there at once. */
const startIsThrough = 60_000;

type Power = Pick<
  VerbHandlers,
  "vm.start" | "vm.shutdown" | "vm.reboot" | "vm.reset" | "vm.pause" | "vm.unpause" | "vm.wake" | "vm.save" | "vm.restore" | "vm.destroy"
>;

/** libvirt's number of a VM's state; undefined where it is gone, as a transient one is when it stops. */
export async function stateOf(session: Session, vm: string, signal?: AbortSignal): Promise<number | undefined> {
  const dom = await session.findVm(vm);
  return dom && (await absent(session.call.domainGetState({ dom }, { signal }), "NO_DOMAIN"))?.state;
}

/**
 * The state once no start is under way. One whose connection broke goes on over there, and until it is through its VM
 * is shown as paused: not what the start comes to, and not a state that another one may be tried in.
 */
async function startedState(session: Session, vm: string, signal = new AbortController().signal): Promise<number | undefined> {
  let state: number | undefined;
  await waitFor(session, vm, signal, startIsThrough, async () => {
    const dom = await session.findVm(vm);
    const told = dom && (await absent(session.call.domainGetState({ dom }, { signal }), "NO_DOMAIN"));
    state = told?.state;
    return told?.state === c.VIR_DOMAIN_PAUSED && told.reason === c.VIR_DOMAIN_PAUSED_STARTING_UP ? undefined : true;
  });
  return state;
}

async function managedSave(session: Session, dom: Domain): Promise<boolean> {
  try {
    return (await session.call.domainHasManagedSaveImage({ dom })).result !== 0;
  } catch (error) {
    if (isUnsupported(error)) return false;
    throw error;
  }
}

/** Off and nothing kept of its memory. A transient VM that stopped is gone, and so is one that never was. */
async function isOff(session: Session, vm: string, signal?: AbortSignal): Promise<Observation> {
  const dom = await session.findVm(vm);
  const entry = dom && (await lookAtVm(session, dom, signal));
  return entry ? whether(!isActive(entry.state) && !entry.managedSave) : "unknown";
}

/** Asks a guest for something; one that has only just been started is asked again until it is there to be asked. */
async function onceReady(session: Session, vm: string, signal: AbortSignal, ask: () => Promise<void>): Promise<void> {
  let refused: unknown;
  const heard = await waitFor(session, vm, signal, startsUp, async () => {
    try {
      await ask();
      return true;
    } catch (error) {
      const state = isLibvirt(error, "OPERATION_INVALID") ? await stateOf(session, vm) : undefined;
      if (state === undefined || !isActive(state)) throw error;
      refused = error;
      return undefined;
    }
  });
  if (!heard) throw refused;
}

const whether = (yes: boolean): Observation => (yes ? "done" : "notDone");

export const powerActions: Power = {
  "vm.start": {
    async run({ session }, { vm, paused }) {
      const dom = await session.vm(vm);
      const resumed = await managedSave(session, dom);
      await session.call.domainCreateWithFlags({ dom, flags: paused ? c.VIR_DOMAIN_START_PAUSED : 0 }, unhurried).catch(async (error: unknown) => {
        if (!isUnsupported(error)) throw error;
        // A driver without this call, or without starting paused: it runs for a moment before it is paused.
        await session.call.domainCreate({ dom }, unhurried);
        if (paused) await session.call.domainSuspend({ dom });
      });
      return { message: resumed ? "resumed from its saved memory" : paused ? "started and paused" : "started" };
    },
    async observe({ session }, { vm, paused }, signal) {
      const state = await startedState(session, vm, signal);
      return whether(paused ? state === c.VIR_DOMAIN_PAUSED : state === c.VIR_DOMAIN_RUNNING || state === c.VIR_DOMAIN_BLOCKED);
    },
  },
  "vm.shutdown": {
    async run({ session }, { vm, timeoutSeconds }, context) {
      const dom = await session.vm(vm);
      let pressed = -Infinity;
      const off = await waitFor(
        session,
        vm,
        context.signal,
        timeoutSeconds * 1000,
        async () => {
          const state = await stateOf(session, vm);
          if (state === undefined || !isActive(state)) return true;
          if (performance.now() - pressed >= pressAgain && state !== c.VIR_DOMAIN_SHUTDOWN) {
            // Without flags libvirt asks the agent where one listens, and presses the button where not.
            const first = pressed === -Infinity;
            pressed = performance.now();
            if (first) await onceReady(session, vm, context.signal, () => session.call.domainShutdown({ dom }));
            else await session.call.domainShutdown({ dom }).catch(() => {});
            return (await stateOf(session, vm)) === c.VIR_DOMAIN_SHUTOFF ? true : undefined;
          }
          return undefined;
        },
        (ms) => context.progress(Math.min(0.99, ms / (timeoutSeconds * 1000)), "waiting for the guest to power off"),
      );
      if (!off)
        throw new PolyvisorError("hypervisorFailed", {
          detail: `the guest of VM "${dom.name}" did not power off within ${timeoutSeconds} s`,
          remedy: "Look at its console: it may still boot, wait for a service, or ignore the power button. Destroy cuts the power.",
        });
      return { message: "the guest powered off" };
    },
    observe: async ({ session }, { vm }, signal) => isOff(session, vm, signal),
  },
  "vm.reboot": {
    async run({ session }, { vm }, context) {
      const dom = await session.vm(vm);
      await onceReady(session, vm, context.signal, () => session.call.domainReboot({ dom }));
      return { message: "the guest was asked to reboot" };
    },
  },
  "vm.reset": {
    async run({ session }, { vm }, context) {
      const dom = await session.vm(vm);
      // libvirt takes a guest that is reset in its sleep for asleep ever after, so it is woken first.
      if ((await stateOf(session, vm)) === c.VIR_DOMAIN_PMSUSPENDED) {
        await session.call.domainPmWakeup({ dom });
        await waitFor(session, vm, context.signal, startsUp, async () => ((await stateOf(session, vm)) === c.VIR_DOMAIN_PMSUSPENDED ? undefined : true));
      }
      await session.call.domainReset({ dom });
      return { message: "reset" };
    },
  },
  "vm.pause": {
    async run({ session }, { vm }) {
      const dom = await session.vm(vm);
      await session.call.domainSuspend({ dom });
      return { message: "paused" };
    },
    observe: async ({ session }, { vm }, signal) => whether((await stateOf(session, vm, signal)) === c.VIR_DOMAIN_PAUSED),
  },
  "vm.unpause": {
    async run({ session }, { vm }) {
      const dom = await session.vm(vm);
      await session.call.domainResume({ dom });
      return { message: "goes on" };
    },
    async observe({ session }, { vm }, signal) {
      const state = await stateOf(session, vm, signal);
      return whether(state === c.VIR_DOMAIN_RUNNING || state === c.VIR_DOMAIN_BLOCKED);
    },
  },
  "vm.wake": {
    async run({ session }, { vm }, context) {
      const dom = await session.vm(vm);
      await session.call.domainPmWakeup({ dom });
      const awake = await waitFor(session, vm, context.signal, 30_000, async () =>
        (await stateOf(session, vm)) === c.VIR_DOMAIN_PMSUSPENDED ? undefined : true,
      );
      if (!awake) throw new PolyvisorError("hypervisorFailed", { detail: `the guest of VM "${dom.name}" did not wake within 30 s` });
      return { message: "woken" };
    },
    async observe({ session }, { vm }, signal) {
      const state = await stateOf(session, vm, signal);
      return whether(state === c.VIR_DOMAIN_RUNNING || state === c.VIR_DOMAIN_BLOCKED);
    },
  },
  "vm.save": {
    async run({ session }, { vm, path }, context) {
      const dom = await session.vm(vm);
      if (path === undefined) await duringJob(session, dom, context, () => session.call.domainManagedSave({ dom }, unhurried));
      else await duringJob(session, dom, context, () => session.call.domainSave({ dom, to: path }, unhurried));
      return { message: path === undefined ? "its memory is saved; the next start resumes it" : `its memory is saved in ${path}` };
    },
    async observe({ session }, { vm, path }, signal) {
      const dom = await session.findVm(vm);
      if (!dom) return path === undefined ? "notDone" : "unknown";
      const state = await stateOf(session, vm, signal);
      if (state === undefined || isActive(state)) return "notDone";
      if (path === undefined) return whether(await managedSave(session, dom));
      const { reason } = await session.call.domainGetState({ dom }, { signal });
      return reason === c.VIR_DOMAIN_SHUTOFF_SAVED ? "done" : "unknown";
    },
  },
  "vm.restore": {
    async run({ session }, { vm, path }, context) {
      if (path !== undefined) {
        context.progress(0, "reading the saved memory");
        await session.call.domainRestore({ from: path }, unhurried);
        return { message: `resumed from ${path}` };
      }
      const dom = await session.vm(vm);
      if (!(await managedSave(session, dom)))
        throw new PolyvisorError("wrongState", { detail: `VM "${dom.name}" has no saved memory`, remedy: "Start it: it boots afresh." });
      await session.call.domainCreate({ dom }, unhurried);
      return { message: "resumed from its saved memory" };
    },
    async observe({ session }, { vm }, signal) {
      const state = await stateOf(session, vm, signal);
      return whether(state === c.VIR_DOMAIN_RUNNING || state === c.VIR_DOMAIN_BLOCKED);
    },
  },
  "vm.destroy": {
    async run({ session }, { vm }) {
      const dom = await session.vm(vm);
      await session.call.domainDestroy({ dom });
      return { message: "its power is cut" };
    },
    observe: async ({ session }, { vm }, signal) => isOff(session, vm, signal),
  },
};
