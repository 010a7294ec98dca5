import { serveSim, simWorld, type SimHostControl } from "@polyvisor/hypervisors";

/** What the bench tells this process, which has all the simulated hosts. */
export type ToHosts = { change: { estate: string; hosts: number; perSecond: number; seconds: number } } | { exit: true };
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

/** As this process left them. A VM that began paused counts as changed once too often: its first pause changes nothing. */
const all: { host: SimHostControl; vm: string; paused: boolean }[] = [];

/** VMs are paused and go on by themselves, behind the server's back, at a steady rate, in turns over all hosts. */
async function change({ estate, hosts, perSecond, seconds }: { estate: string; hosts: number; perSecond: number; seconds: number }): Promise<FromHosts> {
  if (all.length > 0) return changeAll(perSecond, seconds);
  const controls = Array.from({ length: hosts }, (_, i) => simWorld(estate).host(`host-${String(i + 1).padStart(4, "0")}`));
  for (let n = 0, found = true; found; n++) {
    found = false;
    for (const host of controls) {
      const vm = host.vms()[n];
      if (vm === undefined) continue;
      found = true;
      all.push({ host, vm, paused: false });
    }
  }
  return changeAll(perSecond, seconds);
}

async function changeAll(perSecond: number, seconds: number): Promise<FromHosts> {
  const began = performance.now();
  let changed = 0;
  for (let next = 0; performance.now() - began < seconds * 1000;) {
    const due = Math.floor(((performance.now() - began) / 1000) * perSecond);
    while (changed < due) {
      const each = all[next++ % all.length]!;
      try {
        await each.host.outside({ verb: each.paused ? "vm.unpause" : "vm.pause", vm: each.vm });
        each.paused = !each.paused;
        changed++;
      } catch {
        // It is off: the next one's turn.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { changed, seconds: (performance.now() - began) / 1000 };
}
