export type * from "./hypervisor.ts";
export { connectHypervisor, hypervisorKinds, parseHypervisorUri } from "./registry.ts";
export { serveSim, type ServedSim } from "./sim/remote/serveSim.ts";
export { simUris, type EstateOptions } from "./sim/simUri.ts";
export { simWorld, type SimControl, type SimHostControl } from "./sim/simWorld.ts";
