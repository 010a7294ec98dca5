import { serveSim } from "@polyvisor/hypervisors";
import { setState } from "../../../packages/hypervisors/src/sim/actions/power.ts";
import { worldOf } from "../../../packages/hypervisors/src/sim/simWorld.ts";
import type { SimHost } from "../../../packages/hypervisors/src/sim/simHost.ts";
import type { SimVm } from "../../../packages/hypervisors/src/sim/simVm.ts";

/** What the bench tells this process, which has all the simulated hosts. */
export type ToHosts = { change: { estate: string; perSecond: number; seconds: number } } | { exit: true };
export type FromHosts = { ready: true } | { changed: number; seconds: number };

const send = (message: FromHosts): void => void process.send!(message);
const served = await serveSim(process.argv[2]!);

process.on("message", (message: ToHosts) => {
  if ("exit" in message) process.exit(0);
  void change(message.change).then(send);
});
process.on("disconnect", () => process.exit(0));
send({ ready: true });
void served;

/** VMs change their state by themselves, at a steady rate, one after another over all hosts. */
async function change({ estate, perSecond, seconds }: { estate: string; perSecond: number; seconds: number }): Promise<FromHosts> {
  const all: [SimHost, SimVm][] = [];
  for (const host of worldOf(estate).hosts.values())
    if (host.listeners.size > 0) for (const vm of host.vms.values()) if (vm.state === "running" || vm.state === "blocked") all.push([host, vm]);
  // by turns of hosts, as changes come in life
  const order = all.map((each, i) => ({ each, at: Math.imul(i + 1, 0x9e3779b1) >>> 0 })).sort((a, b) => a.at - b.at);
  const began = performance.now();
  let done = 0;
  while (performance.now() - began < seconds * 1000) {
    const due = Math.floor(((performance.now() - began) / 1000) * perSecond);
    for (; done < due; done++) {
      const [host, vm] = order[done % order.length]!.each;
      if (vm.state === "running" || vm.state === "blocked") setState(host, vm, vm.state === "running" ? "blocked" : "running", vm.reason, "load");
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { changed: done, seconds: (performance.now() - began) / 1000 };
}
