import type { VerbHandlers } from "./actionTools.ts";

export const networkActions: Pick<VerbHandlers, "network.start" | "network.stop"> = {
  "network.start": {
    async run({ session }, { network }) {
      await session.call.networkCreate({ net: await session.network(network) });
      return { message: "started" };
    },
    async observe({ session }, { network }) {
      return (await session.call.networkIsActive({ net: await session.network(network) })).active !== 0 ? "done" : "notDone";
    },
  },
  "network.stop": {
    async run({ session }, { network }) {
      await session.call.networkDestroy({ net: await session.network(network) });
      return { message: "stopped; VMs on it have no connection until it starts again" };
    },
    async observe({ session }, { network }) {
      return (await session.call.networkIsActive({ net: await session.network(network) })).active !== 0 ? "notDone" : "done";
    },
  },
};
