import { ConnectionError, LibvirtError } from "@polyvisor/protocol-libvirt";
import type { Domain } from "@polyvisor/protocol-libvirt";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DescriptionTurns } from "./descriptionTurns.ts";

const doms = (count: number): Domain[] => Array.from({ length: count }, (_, n) => ({ uuid: `u${n}`, name: `vm-${n}`, id: n }));
const signal = new AbortController().signal;
const broken = new LibvirtError(
  { code: 1, domain: 10, message: "broken", level: 2, dom: null, str1: null, str2: null, str3: null, int1: 0, int2: 0, net: null },
  "domainGetXmlDesc",
);
const silent = { log: () => {} };

describe("the turns of descriptions", () => {
  // An endpoint that takes 10 ms for each question.
  const asked: string[] = [];
  const slow = {
    edited: async ({ uuid }: Domain) => {
      asked.push(uuid);
      vi.advanceTimersByTime(10);
      return false;
    },
  };
  beforeEach(() => {
    asked.length = 0;
    vi.useFakeTimers({ toFake: ["performance"] });
  });
  afterEach(() => vi.useRealTimers());

  it("compare every VM once where there is time", async () => {
    const edited: string[] = [];
    const turns = new DescriptionTurns({ edited: async ({ uuid }) => uuid === "u150" }, silent);
    expect(await turns.compare(doms(5_000), ({ uuid }) => edited.push(uuid), signal)).toBe(5_000);
    expect(edited).toEqual(["u150"]);
  });

  it("end when the time is used up, and go on with who waited longest, whatever the order of the list", async () => {
    const turns = new DescriptionTurns(slow, silent);
    const all = doms(200);
    const first = await turns.compare(all, () => {}, signal);
    expect(first).toBeLessThan(200);
    const before = new Set(asked);
    asked.length = 0;
    await turns.compare(all.toReversed(), () => {}, signal);
    const rest = all.filter(({ uuid }) => !before.has(uuid)).map(({ uuid }) => uuid);
    expect(new Set(asked.slice(0, rest.length))).toEqual(new Set(rest));
  });

  it("forget who is gone and take in who is new", async () => {
    const turns = new DescriptionTurns(slow, silent);
    await turns.compare(doms(3), () => {}, signal);
    asked.length = 0;
    await turns.compare([doms(3)[1]!, { uuid: "new", name: "new", id: 9 }], () => {}, signal);
    expect(asked.toSorted()).toEqual(["new", "u1"]);
  });

  it("pass over a VM that the endpoint cannot describe, and no fault of the connection", async () => {
    const edited: string[] = [];
    const of = (error: Error) =>
      new DescriptionTurns({ edited: ({ uuid }) => (uuid === "u1" ? Promise.reject(error) : Promise.resolve(true)) }, silent).compare(
        doms(3),
        ({ uuid }) => edited.push(uuid),
        signal,
      );
    expect(await of(broken)).toBe(3);
    expect(edited).toEqual(["u0", "u2"]);
    await expect(of(new ConnectionError("lost", "gone"))).rejects.toThrow("gone");
  });
});
