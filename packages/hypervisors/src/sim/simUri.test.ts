import { PolyvisorError } from "@polyvisor/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { simKind } from "./simKind.ts";
import { parseFault, parseSimUri, simUris } from "./simUri.ts";

const parse = (text: string) => parseSimUri(new URL(text));

describe("a sim URI", () => {
  it("names an estate, a host and how it is populated", () => {
    expect(parse("sim://demo/host-0042?vms=25&seed=7&pace=0.5&fault=fail:vm.start:0.1&fault=drop:60&without=vm.save,vm.wake")).toMatchObject({
      estate: "demo",
      host: "host-0042",
      vms: 25,
      seed: 7,
      pace: 0.5,
      without: ["vm.save", "vm.wake"],
      faults: [
        { kind: "fail", verb: "vm.start", probability: 0.1, code: "hypervisorFailed" },
        { kind: "drop", seconds: 60 },
      ],
    });
    expect(parse("sim://")).toMatchObject({ estate: "demo", host: undefined, hosts: 1, vms: 10 });
  });

  it("says what is wrong with it", () => {
    const bad: [string, string][] = [
      ["sim://demo/web1", "web1"],
      ["sim://demo/host-1", "host-1"],
      ["sim://demo/host-0003?hosts=2", "past the 2 hosts"],
      ["sim://demo?colour=red", "colour"],
      ["sim://demo?vms=-1", "vms"],
      ["sim://demo?vms=1e9", "vms"],
      ["sim://demo?vms=2.5", "whole"],
      ["sim://demo?hosts=10001", "hosts"],
      ["sim://demo?fault=explode", "explode"],
      ["sim://demo?fault=fail:vm.start:2", "probability"],
      ["sim://demo?fault=fail:vm.start:1:nonsense", "nonsense"],
      ["sim://demo?fault=delay:a%20b:1", "a b"],
      ["sim://demo?without=vm.fly", "vm.fly"],
      ["sim://demo/%ff", "percent"],
      ["sim://demo?toString=1", "toString"],
    ];
    for (const [uri, words] of bad) {
      try {
        parse(uri);
        expect.unreachable(uri);
      } catch (error) {
        expect(error, uri).toMatchObject({ code: "badUri" });
        expect((error as PolyvisorError).detail, uri).toContain(words);
      }
    }
  });

  it("is read or refused with badUri, whatever it holds", () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 40 }),
        fc.array(fc.tuple(fc.constantFrom("vms", "fault", "without", "seed", "x"), fc.string({ maxLength: 30 })), { maxLength: 4 }),
        (path, parameters) => {
          const uri = new URL("sim://demo");
          uri.pathname = path;
          for (const [name, value] of parameters) uri.searchParams.append(name, value);
          try {
            parseSimUri(uri);
          } catch (error) {
            expect(error).toBeInstanceOf(PolyvisorError);
            expect((error as PolyvisorError).code).toBe("badUri");
          }
        },
      ),
    );
  });

  it("of an estate gives the URIs of its hosts", () => {
    const uris = simUris({ estate: "big", hosts: 1000, vmsPerHost: 25, seed: 7, more: { pace: "1" } });
    expect(uris).toHaveLength(1000);
    expect(uris[999]).toBe("sim://big/host-1000?hosts=1000&vms=25&seed=7&pace=1");
    expect(simUris("sim://big?hosts=1000&vms=25&seed=7&pace=1")).toEqual(uris);
    expect(simUris(uris[3]!)).toEqual([uris[3]]);
    for (const uri of [uris[0]!, uris[999]!]) expect(parse(uri).host).toBeDefined();
  });

  it("of an estate is not a connection", async () => {
    await expect(
      simKind.connect(new URL("sim://big?hosts=3"), { signal: new AbortController().signal, openTimeoutMs: 1, callTimeoutMs: 1 }),
    ).rejects.toMatchObject({ code: "badUri", remedy: expect.stringContaining("sim://big/host-0001?hosts=3") });
  });
});

describe("a rule", () => {
  it("is written as it is read", () => {
    expect(parseFault("lose:vm.*:0.5")).toEqual({ kind: "lose", verb: "vm.*", probability: 0.5, code: "hypervisorFailed" });
    expect(parseFault("fail:volume.create:1:noSpace")).toMatchObject({ code: "noSpace" });
    expect(parseFault("delay:*:250")).toEqual({ kind: "delay", verb: "*", ms: 250 });
  });
});
