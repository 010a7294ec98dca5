import type { HostFacts } from "@polyvisor/model";
import { expect, it } from "vitest";
import { Endpoints } from "./endpoints.ts";

const machine = (machineId?: string): HostFacts => ({ hostname: "rack-1", hypervisor: { type: "QEMU", version: "1" }, machineId }) as HostFacts;
const endpoints = (): Endpoints => new Endpoints((id) => id);

it("a machine is one host's, until that host is another machine", () => {
  const taken = endpoints();
  taken.take("h-1", "qemu+ssh://one/system", machine("a"));
  expect(() => taken.take("h-2", "qemu+ssh://two/system", machine("a"))).toThrow(/same machine/);
  taken.take("h-1", "qemu+ssh://one/system", machine("b")); // the disk went into new hardware
  taken.take("h-2", "qemu+ssh://two/system", machine("a"));
  expect(() => taken.take("h-3", "qemu+ssh://three/system", machine("b"))).toThrow(/h-1 is the same machine/);
});

it("what another server committed frees the former machine too, and one that is not told any more", () => {
  const taken = endpoints();
  taken.given("h-1", "qemu+ssh://one/system", machine("a"));
  taken.given("h-1", "qemu+ssh://one/system", machine("b"));
  taken.take("h-2", "qemu+ssh://two/system", machine("a"));
  taken.take("h-1", "qemu+ssh://one/system", machine());
  taken.take("h-3", "qemu+ssh://three/system", machine("b"));
  expect(taken.ownerOf("qemu+ssh://one/system")).toBe("h-1");
});

it("who leaves a machine that another has been given meanwhile takes nothing from it", () => {
  const taken = endpoints();
  taken.take("h-1", "qemu+ssh://one/system", machine("a"));
  taken.given("h-2", "qemu+ssh://two/system", machine("a"));
  taken.take("h-1", "qemu+ssh://one/system", machine("b"));
  taken.release("h-1");
  expect(() => taken.take("h-3", "qemu+ssh://three/system", machine("a"))).toThrow(/h-2 is the same machine/);
});
