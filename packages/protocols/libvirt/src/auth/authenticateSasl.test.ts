import { describe, expect, it } from "vitest";
import { parseUri } from "../endpoint/parseUri.ts";
import type { Calls } from "../generated/types/calls.ts";
import { LibvirtError } from "../libvirtError.ts";
import { authenticate } from "./authenticate.ts";

interface Started {
  mech: string;
  data: Uint8Array;
}

/** A server that offers the mechanisms and completes whatever is started. */
function server(mechlist: string, types: number[] = [1]): { calls: Calls; started: Started[] } {
  const started: Started[] = [];
  const calls = {
    authList: async () => ({ types }),
    authSaslInit: async () => ({ mechlist }),
    authSaslStart: async (args: Started) => {
      started.push(args);
      return { complete: 1, nil: 1, data: new Uint8Array() };
    },
  };
  return { calls: calls as unknown as Calls, started };
}
const who = (): { username: string; password: string } => ({ username: "al", password: "geheim" });

describe("SASL", () => {
  it("sends PLAIN where nobody can read along", async () => {
    const { calls, started } = server("PLAIN,LOGIN");
    await authenticate(calls, parseUri("qemu:///system"), true, who, {});
    expect(started).toEqual([{ mech: "PLAIN", nil: 0, data: Buffer.from("\0al\0geheim") }]);
  });

  it("does not wait for credentials longer than there is time to connect", async () => {
    const { calls } = server("SCRAM-SHA-256");
    const late = new AbortController();
    const attempt = authenticate(calls, parseUri("qemu+tcp://h/system"), false, () => new Promise(() => {}), { signal: late.signal });
    late.abort(new Error("too late"));
    await expect(attempt).rejects.toThrow("too late");
  });

  it("never sends PLAIN in the clear, not even when the URI asks for it", async () => {
    for (const uri of ["qemu+tcp://h/system", "qemu+tcp://h/system?auth=sasl.PLAIN"]) {
      const { calls, started } = server("PLAIN");
      await expect(authenticate(calls, parseUri(uri), false, who, {})).rejects.toMatchObject({ kind: "notSupported" });
      expect(started).toEqual([]);
    }
  });

  it("prefers the strongest SCRAM over PLAIN", async () => {
    const { calls, started } = server("PLAIN SCRAM-SHA-1 SCRAM-SHA-256 DIGEST-MD5");
    await expect(authenticate(calls, parseUri("qemu:///system"), true, who, {})).rejects.toMatchObject({ kind: "authFailed" });
    expect(started.map((each) => each.mech)).toEqual(["SCRAM-SHA-256"]);
  });

  it.each<[string, string, RegExp]>([
    ["GSSAPI", "qemu:///system", /none of the server's SASL mechanisms.*GSSAPI.*mech_list/],
    ["", "qemu+tcp://h/", /none of .*use tls or ssh/],
    ["SCRAM-SHA-256", "qemu:///system?auth=sasl.GSSAPI", /offers no SASL GSSAPI, only SCRAM-SHA-256/],
    ["SCRAM-SHA-256", "qemu:///system?auth=polkit", /does not offer polkit/],
  ])("with %j on offer for %s says what to change", async (mechanisms, uri, message) => {
    await expect(authenticate(server(mechanisms).calls, parseUri(uri), uri.startsWith("qemu:///"), who, {})).rejects.toThrow(message);
  });

  it("says that credentials are needed when there are none", async () => {
    await expect(authenticate(server("SCRAM-SHA-256").calls, parseUri("qemu:///system"), true, undefined, {})).rejects.toMatchObject({
      kind: "authFailed",
      message: expect.stringContaining("user name and password"),
    });
  });

  it("explains a refusal by polkit", async () => {
    const refusal = new LibvirtError(
      { code: 88, domain: 7, message: "access denied by policy", level: 2, dom: null, str1: null, str2: null, str3: null, int1: 0, int2: 0, net: null },
      "authPolkit",
    );
    const calls = {
      authList: async () => ({ types: [2] }),
      authPolkit: async () => {
        throw refusal;
      },
    } as unknown as Calls;
    await expect(authenticate(calls, parseUri("qemu:///system"), true, undefined, {})).rejects.toMatchObject({
      kind: "authFailed",
      cause: refusal,
      remedy: expect.stringContaining("group libvirt"),
    });
  });

  it("needs nothing where the server wants nothing", async () => {
    const { calls, started } = server("PLAIN", [0]);
    await authenticate(calls, parseUri("qemu:///system"), true, undefined, {});
    expect(started).toEqual([]);
  });
});
