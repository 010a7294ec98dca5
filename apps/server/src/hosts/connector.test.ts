import { connectHypervisor } from "@polyvisor/hypervisors";
import { PolyvisorError } from "@polyvisor/model";
import { pino } from "pino";
import { expect, test } from "vitest";
import { Connector } from "./connector.ts";

const connector = (connectTo: typeof connectHypervisor): Connector =>
  new Connector({ log: pino({ level: "silent" }), now: Date.now, intervals: { openTimeout: 5_000, callTimeout: 5_000 }, connect: {}, connectTo });
const refused = (errno: string): typeof connectHypervisor => {
  const error = new PolyvisorError("hostRefused", { detail: "no", remedy: "As it was.", cause: Object.assign(new Error("no"), { errno }) });
  return () => Promise.reject(error);
};

test.each([
  ["qemu:///system", "ENOENT", /polyvisor up/],
  ["lxc:///system", "ECONNREFUSED", /polyvisor up/],
  ["qemu:///session", "ENOENT", /^As it was\.$/],
  ["qemu:///system", "EACCES", /^As it was\.$/],
  ["qemu:///system?socket=/run/other", "ENOENT", /^As it was\.$/],
  ["qemu+tcp://far/system", "ECONNREFUSED", /^As it was\.$/],
])("%s that answers %s names the way back", async (uri, errno, remedy) => {
  await expect(connector(refused(errno)).openOnce(uri, async () => undefined)).rejects.toMatchObject({
    code: "hostRefused",
    detail: "no",
    remedy: expect.stringMatching(remedy),
  });
});

test("what the adapter says of a socket that is not there is what the way back is known by", async () => {
  await expect(connector(connectHypervisor).openOnce("qemu:///system?socket=/nowhere/libvirt-sock", async () => undefined)).rejects.toMatchObject({
    code: "hostRefused",
    cause: { errno: "ENOENT" },
  });
});
