import type { FeatureName, Verb, VmSpecInput, VmState } from "@polyvisor/model";
import type { Hypervisor } from "../hypervisor.ts";

/** What the suite is told of an endpoint. What the endpoint can do it asks `features`; this says how to try it there. */
export interface ConformanceTarget {
  /** A new connection to the same endpoint, each time. */
  connect(): Promise<{ hypervisor: Hypervisor }>;
  /** Before the first test and after the last. */
  prepare?(): Promise<void>;
  cleanUp?(): Promise<void>;
  /** A small VM that the endpoint can start: memory, boot, machine, disks. The suite gives the name. */
  spec(name: string): VmSpecInput;
  /** Datastore, by name, in which volumes may be made; without it volumes are not tested. */
  datastore?: string;
  /** Folder that a datastore may be made of; without it datastores are not made. */
  newDatastorePath?: string;
  /** Network, by name, that NICs may be plugged into. */
  network?: string;
  /** Network, by name, that may be stopped and started: nobody else uses it. */
  spareNetwork?: string;
  /** The guest obeys a request to power off or to reboot; false where nothing runs in it that could. */
  guestObeys?: boolean;
  /** What the text console answers to what, once the guest is up. */
  console?: { send: string; expect: string };
  /** The text console takes more than one at a time. */
  sharedConsole?: boolean;
  /** Keys that the endpoint knows; `KEY_ENTER` where absent. */
  keys?: string[];
  /** Another endpoint that VMs may move to: what `vm.migrate` is told, and a connection to it. */
  migrateTo?: { to: string; copyStorage?: boolean; connect(): Promise<{ hypervisor: Hypervisor }> };
  /** Brings a running VM into a state that no action leads to: a crash, sleep. */
  force?: Partial<Record<VmState, (vm: string) => Promise<void>>>;
  /** Features that the endpoint has but that cannot be tried with this target's VMs, each with the reason. */
  except?: Partial<Record<FeatureName, string>>;
  /** Verbs that the endpoint refuses although it has their feature, in some states or in all, each with the reason. */
  cannot?: Partial<Record<Verb, { reason: string; in?: readonly VmState[] }>>;
  /** The datastore takes a volume of any size, because it keeps no bytes. */
  boundless?: boolean;
  /** Milliseconds that anything may take before a test gives up; 20,000 where absent. */
  patienceMs?: number;
}
