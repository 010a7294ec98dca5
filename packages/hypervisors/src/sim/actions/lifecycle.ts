import { PolyvisorError } from "@polyvisor/model";
import type { SimHost } from "../simHost.ts";
import { isActive, type SimVm } from "../simVm.ts";
import { cancelled, type Doing, type Handlers } from "./handler.ts";
import { paceOf } from "./pace.ts";
import { checkRoom, nextState, powerOff, powerOn, setState, vmOf } from "./power.ts";

type Lifecycle =
  | "vm.start"
  | "vm.shutdown"
  | "vm.reboot"
  | "vm.reset"
  | "vm.pause"
  | "vm.unpause"
  | "vm.wake"
  | "vm.save"
  | "vm.restore"
  | "vm.destroy"
  | "vm.setAutostart"
  | "vm.rename"
  | "vm.describe"
  | "vm.sendKeys";

/** Switches it on, from its saved memory where it has one. */
function resume(host: SimHost, vm: SimVm, paused: boolean): void {
  const image = vm.image;
  if (image) powerOn(host, vm, "restored", "started: restored", paused ? "paused" : "running", image.hardware);
  else powerOn(host, vm, paused ? "user" : "booted", "started: booted", paused ? "paused" : nextState(vm, "start"));
}

function checkRestore(host: SimHost, vm: SimVm, path: string | undefined): void {
  nextState(vm, "restore");
  if (path !== undefined && vm.image?.path !== path)
    throw new PolyvisorError("notFound", { detail: `${host.name} has no saved memory of ${vm.name} at ${path}` });
  checkRoom(host, vm, vm.image?.hardware ?? vm.config);
}

/** Asks the guest to power off and waits until it has, until the time is up, or until the caller gives up. */
async function shutdown(host: SimHost, vm: SimVm, timeoutSeconds: number, doing: Doing): Promise<string> {
  nextState(vm, "shutdown");
  setState(host, vm, "shuttingDown", "user", "the guest was asked to power off");
  const takes = host.delayOf("vm.shutdown") + paceOf(host, { verb: "vm.shutdown", vm: vm.uuid, timeoutSeconds });
  const schedule = host.world.schedule;
  const off = Promise.withResolvers<void>();
  if (!vm.stubborn) {
    schedule.after(takes, () => {
      if (vm.state === "shuttingDown") powerOff(host, vm, "off", "shutdown", "stopped: shutdown");
      off.resolve();
    });
  }
  const giveUp = new AbortController();
  const tooLong = waitUnless(giveUp.signal, timeoutSeconds * 1000, host);
  const onCancel = (): void => off.reject(cancelled(`${vm.name} was asked to power off and may still do so; the wait for it was given up`));
  if (doing.signal.aborted) onCancel();
  doing.signal.addEventListener("abort", onCancel, { once: true });
  try {
    const late = await Promise.race([off.promise, tooLong]);
    if (late === "late")
      throw new PolyvisorError("hypervisorFailed", {
        detail: `${vm.name} did not power off within ${timeoutSeconds} s; it may ignore the request`,
        remedy: "Look at its console, wait longer, or cut its power with destroy.",
      });
  } finally {
    giveUp.abort();
    doing.signal.removeEventListener("abort", onCancel);
  }
  return `${vm.name} powered itself off`;
}

function waitUnless(signal: AbortSignal, ms: number, host: SimHost): Promise<"late"> {
  return new Promise((resolve) => {
    const takeBack = host.world.schedule.after(ms, () => resolve("late"));
    signal.addEventListener("abort", takeBack, { once: true });
  });
}

export const lifecycleHandlers: Pick<Handlers, Lifecycle> = {
  "vm.start": {
    check: (host, action) => {
      const vm = vmOf(host, action.vm);
      checkRoom(host, vm, vm.image?.hardware ?? vm.config);
    },
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      const resumed = vm.image !== undefined;
      resume(host, vm, action.paused);
      return `${vm.name} ${resumed ? "was resumed from its saved memory" : "was started"}${action.paused ? ", paused" : ""}`;
    },
  },
  "vm.shutdown": { apply: (host, action, doing) => shutdown(host, vmOf(host, action.vm), action.timeoutSeconds, doing) },
  "vm.reboot": {
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      setState(host, vm, nextState(vm, "reboot"), "booted", "rebooted");
      return `${vm.name} was rebooted`;
    },
  },
  "vm.reset": {
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      const next = nextState(vm, "reset");
      setState(host, vm, next, next === "paused" ? vm.reason : "booted", "reset");
      return `${vm.name} was reset`;
    },
  },
  "vm.pause": {
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      setState(host, vm, nextState(vm, "pause"), "user", "suspended: user");
      return `${vm.name} was paused`;
    },
  },
  "vm.unpause": {
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      setState(host, vm, nextState(vm, "unpause"), "unpaused", "resumed: unpaused");
      return `${vm.name} runs again`;
    },
  },
  "vm.wake": {
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      setState(host, vm, nextState(vm, "wake"), "wakeup", "resumed: wakeup");
      return `${vm.name} was woken`;
    },
  },
  "vm.save": {
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      const next = nextState(vm, "save");
      vm.image = { path: action.path, hardware: vm.live! };
      powerOff(host, vm, next, "saved", "stopped: saved");
      return `the memory of ${vm.name} was saved`;
    },
  },
  "vm.restore": {
    check: (host, action) => checkRestore(host, vmOf(host, action.vm), action.path),
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      resume(host, vm, false);
      return `${vm.name} was resumed from its saved memory`;
    },
  },
  "vm.destroy": {
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      powerOff(host, vm, nextState(vm, "destroy"), "destroyed", "stopped: destroyed");
      return `the power of ${vm.name} was cut`;
    },
  },
  "vm.setAutostart": {
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      vm.autostart = action.on;
      host.touch(vm, "defined: updated");
      return `${vm.name} ${action.on ? "starts" : "does not start"} with its host`;
    },
  },
  "vm.rename": {
    check: (host, action) => {
      const taken = [...host.vms.values()].find((other) => other.name === action.name && other.uuid !== action.vm);
      if (taken) throw new PolyvisorError("nameTaken", { detail: `${host.name} has another VM called ${action.name}` });
    },
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      const before = vm.name;
      vm.name = action.name;
      host.touch(vm, "defined: renamed");
      return `${before} is now called ${vm.name}`;
    },
  },
  "vm.describe": {
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      if (action.title !== undefined) vm.title = action.title || undefined;
      if (action.description !== undefined) vm.description = action.description || undefined;
      host.touch(vm, "defined: updated");
      return `${vm.name} was described`;
    },
  },
  "vm.sendKeys": {
    check: (host, action) => {
      const vm = vmOf(host, action.vm);
      if (!isActive(vm)) throw new PolyvisorError("wrongState", { detail: `${vm.name} does not run` });
    },
    apply: (host, action) => `${action.keys.join("-")} was sent to ${vmOf(host, action.vm).name}`,
  },
};
