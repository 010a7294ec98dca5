import type { VerbHandlers } from "./actionTools.ts";

export const networkActions: Pick<VerbHandlers, "network.start" | "network.stop"> = {
  "network.start": {
    async run({ session }, { network }) {
      await session.call.networkCreate({ net: await session.network(network) });
      return { message: "started" };
    },
    async observe({ session }, { network }) {
      const net = await session.findNetwork(network);
      return net && (await session.call.networkIsActive({ net })).active !== 0 ? "done" : "notDone";
    },
  },
  "network.stop": {
    async run({ session }, { network }) {
      await session.call.networkDestroy({ net: await session.network(network) });
      return { message: "stopped; VMs on it have no connection until it starts again" };
    },
    async observe({ session }, { network }) {
      const net = await session.findNetwork(network);
      return !net ? "unknown" : (await session.call.networkIsActive({ net })).active !== 0 ? "notDone" : "done";
    },
  },
};
