export type * from "./hypervisor.ts";
export { connectHypervisor, hypervisorKinds, parseHypervisorUri } from "./registry.ts";
