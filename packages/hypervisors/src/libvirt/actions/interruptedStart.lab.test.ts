import { connect, constants as c, type Calls } from "@polyvisor/protocol-libvirt";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PrivateLibvirtd } from "../../../../../tests/lab/privateLibvirtd.ts";
import { Session } from "../session.ts";
import type { ActionTools } from "./actionTools.ts";
import { powerActions } from "./powerActions.ts";

let daemon: PrivateLibvirtd;
beforeAll(async () => {
  daemon = await PrivateLibvirtd.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

it("a start that goes on without us is waited for: its VM is shown as paused until it is through", async () => {
  const uri = `test+unix:///default?socket=${daemon.socket}`;
  const options = { signal: new AbortController().signal, openTimeoutMs: 20_000, callTimeoutMs: 30_000 };
  const session = new Session(await connect(uri, options), options, uri, "Test");
  // QEMU's driver shows this for as long as the guest's process comes up; the test driver is too quick for it.
  let looks = 0;
  const comingUp = {
    value: async (...args: Parameters<Calls["domainGetState"]>) =>
      ++looks <= 3 ? { state: c.VIR_DOMAIN_PAUSED, reason: c.VIR_DOMAIN_PAUSED_STARTING_UP } : session.call.domainGetState(...args),
  };
  const slow = Object.create(session, { call: { value: Object.create(session.call, { domainGetState: comingUp }) as Calls } }) as Session;
  const { dom } = await session.call.domainLookupByName({ name: "test" });
  const action = { verb: "vm.start", vm: dom.uuid, paused: false } as const;
  expect(await powerActions["vm.start"].observe!({ session: slow } as unknown as ActionTools, action)).toBe("done");
  expect(looks).toBe(4);
  await session.close();
});
