import fc from "fast-check";
import { isIP } from "node:net";
import { describe, expect, test } from "vitest";
import { clientAddress, trustedProxies } from "./clientAddress.ts";

const trusted = trustedProxies(["10.0.0.0/8", "192.0.2.7", "fd00::/8"]);
const of = (remote: string, said?: string, proxies: typeof trusted | undefined = trusted) =>
  clientAddress(remote, said === undefined ? {} : { "x-forwarded-for": said }, proxies);

describe("the address of a client", () => {
  test.each([
    ["without a proxy it is the connection's", "203.0.113.5", undefined, "203.0.113.5", false],
    ["whoever is no proxy of ours is not believed", "203.0.113.5", "10.1.1.1", "203.0.113.5", true],
    ["a proxy says it", "10.0.0.1", "203.0.113.5", "203.0.113.5", false],
    ["two proxies say it", "10.0.0.1", "203.0.113.5, 10.0.0.2", "203.0.113.5", false],
    ["what the client says itself is not looked at", "10.0.0.1", "127.0.0.1, 198.51.100.1, 203.0.113.5", "203.0.113.5", false],
    ["nor where it says that it is a proxy", "10.0.0.1", "10.0.0.9, 203.0.113.5", "203.0.113.5", false],
    ["IPv6, with brackets and a port", "fd00::1", "[2001:DB8::1]:4711", "2001:db8::1", false],
    ["IPv4 with a port, in the form of IPv6", "::ffff:192.0.2.7", "203.0.113.5:80", "203.0.113.5", false],
    ["a proxy that says nothing is a proxy", "10.0.0.1", undefined, "10.0.0.1", true],
    ["a proxy of a proxy that says nothing", "10.0.0.1", "10.0.0.2", "10.0.0.2", true],
    ["this machine behind a proxy is not this machine", "10.0.0.1", "127.0.0.1", "127.0.0.1", true],
    ["nonsense counts as nothing", "10.0.0.1", "unknown", "10.0.0.1", true],
    ["nonsense in the middle ends it", "10.0.0.1", "203.0.113.5, <script>, 10.0.0.2", "10.0.0.2", true],
    ["nothing between the commas", "10.0.0.1", ",,", "10.0.0.1", true],
  ])("%s", (_, remote, said, address, passedOn) => expect(of(remote, said)).toEqual({ address, passedOn }));

  test("without proxies of ours a header counts as a sign that something is in between, and as nothing else", () => {
    expect(of("127.0.0.1", "203.0.113.5", undefined)).toEqual({ address: "127.0.0.1", passedOn: true });
    expect(clientAddress("127.0.0.1", { forwarded: "for=203.0.113.5" }, undefined)).toEqual({ address: "127.0.0.1", passedOn: true });
    expect(clientAddress("127.0.0.1", {}, undefined)).toEqual({ address: "127.0.0.1", passedOn: false });
  });

  test("whatever is sent, it is an address, and nobody behind a proxy chooses it", () => {
    const text = fc.oneof(fc.string({ maxLength: 60 }), fc.ipV4(), fc.ipV6(), fc.constantFrom("10.0.0.3", "::1", "", "127.0.0.1", "999.1.1.1", "1.2.3.4%x"));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 40 }), (said) => {
        const { address } = of("10.0.0.1", said.join(","));
        expect(isIP(address)).not.toBe(0);
        // What nginx adds at the right is what counts.
        expect(of("10.0.0.1", [...said, "203.0.113.77"].join(","))).toEqual({ address: "203.0.113.77", passedOn: false });
      }),
    );
  });

  test("a chain without end is not walked", () => expect(of("10.0.0.1", Array.from({ length: 5_000 }, () => "10.0.0.2").join(",")).passedOn).toBe(true));
});

test.each(["", "10.0.0.0/33", "10.0.0.0/-1", "fd00::/129", "proxy.example", "0.0.0.0/0", "::/0", "10.0.0.0/8/8", "10.0.0.1-10.0.0.9"])(
  "%j is no trusted proxy",
  (cidr) => expect(() => trustedProxies([cidr])).toThrow(RangeError),
);
