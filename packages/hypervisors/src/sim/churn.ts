import { dice, pick } from "./seeded.ts";
import { powerOff, powerOn, setState } from "./actions/power.ts";
import type { SimHost } from "./simHost.ts";

const churning = new WeakMap<SimHost, number>();

/** Other tools and guests change things while someone watches: `churn` times an hour, by the seed. Stops when nobody is connected. */
export function keepChurning(host: SimHost): void {
  if (host.options.churn === 0 || host.vms.size === 0 || churning.has(host)) return;
  churning.set(host, 0);
  next(host);
}

function next(host: SimHost): void {
  const turn = churning.get(host)!;
  churning.set(host, turn + 1);
  const mean = 3_600_000 / host.options.churn;
  host.world.schedule.after(
    mean * (0.5 + dice(`${host.key}/churn/${turn}/when`)),
    () => {
      if (host.listeners.size === 0 || host.options.churn === 0) return void churning.delete(host);
      if (!host.hung) stir(host, `${host.key}/churn/${turn}`);
      next(host);
    },
    true,
  );
}

function stir(host: SimHost, key: string): void {
  const vm = pick([...host.vms.values()], `${key}/which`);
  try {
    if (vm.state === "off" || vm.state === "crashed") powerOn(host, vm, "booted", "started: booted");
    else if (vm.state === "paused") setState(host, vm, "running", "unpaused", "resumed: unpaused");
    else if (vm.state !== "running" && vm.state !== "blocked") return;
    else if (dice(`${key}/what`) < 0.4) setState(host, vm, vm.state === "running" ? "blocked" : "running", vm.reason, "load");
    else if (dice(`${key}/what`) < 0.7) powerOff(host, vm, "off", "shutdown", "stopped: shutdown");
    else setState(host, vm, "paused", "user", "suspended: user");
  } catch {
    // No memory left for it, a network that is down: then nothing happened.
  }
}
