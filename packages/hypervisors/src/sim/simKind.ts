import { PolyvisorError } from "@polyvisor/model";
import type { ConnectOptions, Hypervisor, HypervisorKind } from "../hypervisor.ts";
import { cancelled } from "./actions/handler.ts";
import type { SimHost } from "./simHost.ts";
import { SimHypervisor } from "./simHypervisor.ts";
import { featuresWithout } from "./simHost.ts";
import { hostName, parseSimUri } from "./simUri.ts";
import { worldOf } from "./simWorld.ts";

/**
 * Simulated hosts: `sim://ESTATE/host-0001?vms=25&seed=7`. One connection is one host; hosts of one estate share
 * a world, which lives as long as the process and survives every disconnect. docs/guide/simulator.md has the parameters.
 */
export const simKind: HypervisorKind = {
  name: "sim",
  accepts: (uri) => uri.protocol === "sim:",
  connect: async (uri: URL, options: ConnectOptions): Promise<Hypervisor> => {
    const sim = parseSimUri(uri);
    if (sim.host === undefined && sim.hosts > 1) {
      throw new PolyvisorError("badUri", {
        detail: `${uri.href.slice(0, 200)} names an estate of ${sim.hosts} hosts, and a connection is to one`,
        where: "uri",
        remedy: `Add its hosts one by one: sim://${sim.estate}/${hostName(1)}${uri.search} and so on.`,
      });
    }
    if (options.signal.aborted) throw cancelled("the connection was not made");
    const host = worldOf(sim.estate).hostFor(sim, sim.host ?? hostName(1));
    // The population is the first URI's; what concerns the connection is this one's.
    host.options = { ...host.options, pace: sim.pace, latency: sim.latency, queue: sim.queue, churn: sim.churn, without: sim.without };
    host.features = featuresWithout(sim);
    host.uriFaults = sim.faults;
    await open(host, options);
    return new SimHypervisor(host, options);
  },
};

/** What stands between the caller and the host: the faults of connecting. */
async function open(host: SimHost, options: ConnectOptions): Promise<void> {
  const has = (kind: string): boolean => host.faults().some((rule) => rule.kind === kind);
  const slow = host.options.latency + host.delayOf("connect");
  const late = new PolyvisorError("hostTimeout", { detail: `${host.name} did not answer within ${options.openTimeoutMs} ms` });
  if (host.hung || has("hang") || slow > options.openTimeoutMs) {
    await pause(host, options.openTimeoutMs, options.signal);
    throw late;
  }
  if (slow > 0) await pause(host, slow, options.signal);
  if (host.unreachable) throw new PolyvisorError(host.unreachable.code, { detail: host.unreachable.detail });
  if (has("refuse")) throw new PolyvisorError("hostRefused", { detail: `${host.name} refuses connections, by a rule of its URI` });
  if (has("unreachable")) throw new PolyvisorError("hostUnreachable", { detail: `${host.name} does not answer, by a rule of its URI` });
  if (has("auth")) throw new PolyvisorError("hostAuthFailed", { detail: `${host.name} refuses the credentials, by a rule of its URI` });
  const rule = host.strikes("fail", "connect");
  if (rule && rule.kind === "fail")
    throw new PolyvisorError(rule.code === "hypervisorFailed" ? "hostUnreachable" : rule.code, {
      detail: `${host.name}: a rule of the simulator made the connection fail`,
    });
}

function pause(host: SimHost, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const takeBack = host.world.schedule.after(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    const stop = (): void => {
      takeBack();
      reject(cancelled("the connection was not made"));
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}
