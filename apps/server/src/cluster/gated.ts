import type { Hypervisor } from "@polyvisor/hypervisors";

/** A connection that asks before each use that may change something whether its host is still this server's. Reading needs no leave. */
export function gated(hypervisor: Hypervisor, check: () => void, users: { enter(): () => void }): Hypervisor {
  /** Counted, so that a host is not handed over in the middle of it. */
  const during = async <T>(work: () => Promise<T>): Promise<T> => {
    check();
    const leave = users.enter();
    try {
      return await work();
    } finally {
      leave();
    }
  };
  return {
    features: hypervisor.features,
    closed: hypervisor.closed,
    inventory: (signal) => hypervisor.inventory(signal),
    changes: (signal) => hypervisor.changes(signal),
    samples: (signal) => hypervisor.samples(signal),
    run: (action, context) => during(() => hypervisor.run(action, context)),
    observe: (action, signal) => during(() => hypervisor.observe(action, signal)),
    definition: (vm, which) => hypervisor.definition(vm, which),
    async console(vm, request) {
      check();
      return hypervisor.console(vm, request);
    },
    async screenshot(vm) {
      check();
      return hypervisor.screenshot(vm);
    },
    async readVolume(datastore, volume, signal) {
      check();
      return hypervisor.readVolume(datastore, volume, signal);
    },
    writeVolume(datastore, volume, bytes, size, signal) {
      const checked = async function* (): AsyncGenerator<Uint8Array> {
        for await (const chunk of bytes) {
          check(); // the new holder may be writing to it already
          yield chunk;
        }
      };
      return during(() => hypervisor.writeVolume(datastore, volume, checked(), size, signal));
    },
    close: () => hypervisor.close(),
  };
}
