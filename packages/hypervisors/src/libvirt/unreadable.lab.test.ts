import { connect } from "@polyvisor/protocol-libvirt";
import type { Connection } from "@polyvisor/protocol-libvirt";
import { LibvirtError } from "@polyvisor/protocol-libvirt";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PrivateLibvirtd } from "../../../../tests/lab/privateLibvirtd.ts";
import { AccelerationProbe } from "./host/accelerationProbe.ts";
import { EndpointReader } from "./endpointReader.ts";
import { Session } from "./session.ts";

let daemon: PrivateLibvirtd;
let connection: Connection;

beforeAll(async () => {
  daemon = await PrivateLibvirtd.start();
  connection = await connect(`test+unix:///default?socket=${daemon.socket}`);
});
afterAll(async () => {
  await connection.close();
  await daemon[Symbol.asyncDispose]();
});

const broken = new LibvirtError(
  { code: 1, domain: 10, message: "broken", level: 2, dom: null, str1: null, str2: null, str3: null, int1: 0, int2: 0, net: null },
  "getXmlDesc",
);

it("a VM, a datastore or a network that the endpoint cannot describe hides no other; it is shown with what the lists tell", async () => {
  const options = { signal: new AbortController().signal, openTimeoutMs: 20_000, callTimeoutMs: 20_000 };
  await connection.call.domainDefineXml({ xml: "<domain type='test'><name>bad</name><memory>1024</memory><os><type>hvm</type></os></domain>" });
  await connection.call.storagePoolDefineXml({ xml: "<pool type='dir'><name>bad</name><target><path>/bad</path></target></pool>" });
  await connection.call.networkDefineXml({ xml: "<network><name>bad</name><bridge name='virbr9'/></network>" });
  const session = new Session(connection, options, "test:///default", "Test");
  const { call } = session;
  // The real endpoint, but for what it says of whatever is called bad.
  let fails = true;
  const refuse = <Args extends object, Result>(named: (args: Args) => string, real: (args: Args, options?: object) => Promise<Result>) => ({
    value: (args: Args, how?: object): Promise<Result> => (fails && named(args) === "bad" ? Promise.reject(broken) : real.call(call, args, how)),
  });
  Object.defineProperty(session, "call", {
    value: Object.create(call, {
      domainGetXmlDesc: refuse(({ dom }) => dom.name, call.domainGetXmlDesc),
      storagePoolGetXmlDesc: refuse(({ pool }) => pool.name, call.storagePoolGetXmlDesc),
      networkGetXmlDesc: refuse(({ net }) => net.name, call.networkGetXmlDesc),
    }),
  });
  const reader = new EndpointReader(session, new AccelerationProbe(session), false);
  const first = await reader.inventory();
  expect(first.vms.map(({ name, state }) => [name, state]).toSorted()).toEqual([
    ["bad", "off"],
    ["test", "running"],
  ]);
  expect(first.datastores.map(({ name, type }) => [name, type]).toSorted()).toEqual([
    ["bad", "unknown"],
    ["default-pool", "dir"],
  ]);
  expect(first.networks.map(({ name }) => name)).toContain("default");
  // Once it can be described, the next look finds it different from what is shown.
  fails = false;
  const bad = (await reader.vms.changedSince()).all.find(({ name }) => name === "bad")!;
  expect(await reader.vms.edited(bad)).toBe(true);
  expect((await reader.inventory()).vms.find(({ name }) => name === "bad")).toMatchObject({ memory: { max: 1024 ** 2 } });
});
