import { LibvirtError } from "@polyvisor/protocol-libvirt";
import { expect, it } from "vitest";
import type { Session } from "../session.ts";
import { NetworkReader } from "./networkReader.ts";

const broken = new LibvirtError(
  { code: 1, domain: 19, message: "broken", level: 2, dom: null, str1: null, str2: null, str3: null, int1: 0, int2: 0, net: null },
  "networkGetDhcpLeases",
);

it("reads the leases of every network that can tell; of one that cannot, they stay what they were", async () => {
  const nets = ["a", "b"].map((name) => ({ name, uuid: name }));
  const leases: Record<string, string | undefined> = { a: "10.0.0.1", b: "10.1.0.1" };
  const session = {
    log: () => {},
    call: {
      connectListAllNetworks: async () => ({ nets }),
      networkGetXmlDesc: async () => ({ xml: "<network><ip address='10.0.0.1'><dhcp/></ip></network>" }),
      networkGetDhcpLeases: async ({ net }: { net: { name: string } }) => {
        const ipaddr = leases[net.name];
        if (ipaddr === undefined) throw broken;
        return { leases: [{ mac: `52:54:00:00:00:0${net.name.toUpperCase()}`, ipaddr }] };
      },
    },
  };
  const reader = new NetworkReader(session as unknown as Session);
  await reader.readAll();
  expect([...(await reader.readLeases())].toSorted()).toEqual(["52:54:00:00:00:0a", "52:54:00:00:00:0b"]);
  leases["a"] = undefined;
  leases["b"] = "10.1.0.2";
  expect([...(await reader.readLeases())]).toEqual(["52:54:00:00:00:0b"]);
  expect([reader.leased("52:54:00:00:00:0a"), reader.leased("52:54:00:00:00:0b")]).toEqual([["10.0.0.1"], ["10.1.0.2"]]);
});
