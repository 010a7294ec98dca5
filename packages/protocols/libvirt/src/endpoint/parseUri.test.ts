import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectionError } from "../connectionError.ts";
import { parseUri } from "./parseUri.ts";
import { socketPath } from "./socketPath.ts";

describe("URI", () => {
  it.each([
    ["qemu:///system", { driver: "qemu", transport: "unix", host: "", name: "qemu:///system", session: false }],
    ["qemu:///session", { transport: "unix", session: true, name: "qemu:///session" }],
    ["test:///default", { driver: "test", transport: "unix", name: "test:///default" }],
    ["test+unix:////etc/node.xml", { transport: "unix", name: "test:////etc/node.xml" }],
    ["lxc:///", { driver: "lxc", transport: "unix", name: "lxc:///" }],
    ["xen+tcp://10.0.0.1/", { driver: "xen", transport: "tcp", host: "10.0.0.1", port: 16_509, name: "xen:///" }],
    ["qemu://kvm1.example.org/system", { transport: "tls", host: "kvm1.example.org", port: 16_514 }],
    ["qemu+tls://[fe80::1%25eth0]:17000/system", { transport: "tls", host: "fe80::1%eth0", port: 17_000 }],
    ["qemu+tcp:///system", { transport: "tcp", host: "localhost" }],
    ["QEMU+SSH://root@kvm1:2222/system", { driver: "qemu", transport: "ssh", user: "root", host: "kvm1", port: 2222, name: "qemu:///system" }],
    ["qemu+libssh2://kvm1/system", { transport: "ssh", port: 22 }],
    ["qemu+ssh://al%40corp@kvm1/system", { user: "al@corp" }],
    ["remote+ssh://kvm1/", { driver: "", name: "", transport: "ssh" }],
    ["esx+tls://gw/?name=esx://vc/dc&no_verify=1", { name: "esx://vc/dc", params: { noVerify: true } }],
    ["vpx+tcp://gw/dc?no_sanity=1&foo=bar&tls_priority=x", { name: "vpx:///dc?foo=bar", params: {} }],
  ])("%s", (uri, expected) => {
    expect(parseUri(uri)).toMatchObject(expected);
  });

  it("reads every documented parameter", () => {
    expect(
      parseUri(
        "qemu+ssh://h/system?socket=/a%20b&auth=sasl.PLAIN&netcat=/bin/nc&keyfile=/k&known_hosts=/kh&known_hosts_verify=auto&sshauth=agent,privkey&pkipath=/p&no_verify=0&mode=direct&proxy=netcat",
      ).params,
    ).toEqual({
      socket: "/a b",
      auth: "sasl.PLAIN",
      netcat: "/bin/nc",
      keyfile: "/k",
      knownHosts: "/kh",
      knownHostsVerify: "auto",
      sshauth: ["agent", "privkey"],
      pkipath: "/p",
      noVerify: false,
      mode: "direct",
      proxy: "netcat",
    });
  });

  it.each([
    ["", /no libvirt URI/],
    ["qemu", /no libvirt URI: write driver/],
    ["qemu:/system", /no libvirt URI/],
    ["qemu://h:99999/", /port 99999/],
    ["qemu+carrier-pigeon://h/", /no libvirt URI/],
    ["qemu+quic://h/", /unknown transport quic/],
    ["qemu+unix://h/system", /names host h/],
    ["qemu+ext://h/?command=/bin/sh", /runs a program/],
    ["qemu+ssh://h/?command=evil", /names a program/],
    ["qemu+ssh://h/?known_hosts_verify=maybe", /known_hosts_verify=maybe.*normal, auto, ignore/],
    ["qemu+ssh://h/?socket=%zz", /broken % escape/],
    ["qemu+tls://h/?no_verify=yes", /use 1 or 0/],
    ["qemu://h/a b?c#d", /no libvirt URI/],
  ])("refuses %j with a remedy", (uri, message) => {
    expect(() => parseUri(uri)).toThrow(message);
    expect(() => parseUri(uri)).toThrow(expect.objectContaining({ name: "ConnectionError", kind: "uri" }));
  });

  it("refuses a password and does not repeat it", () => {
    for (const uri of ["qemu+ssh://root:geheim@h/system", "qemu+ssh://root:ge/heim@h/"]) {
      try {
        parseUri(uri);
        expect.unreachable();
      } catch (error) {
        expect((error as Error).message).toMatch(/password|no libvirt URI/);
        expect((error as Error).message).not.toMatch(/ge.?heim/);
      }
    }
  });

  it("either reads or refuses any text, quickly", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 200 }),
          fc.constantFrom("qemu+ssh://", "a://").chain((head) => fc.string().map((tail) => head + tail)),
        ),
        (uri) => {
          try {
            parseUri(uri);
          } catch (error) {
            expect(error).toBeInstanceOf(ConnectionError);
          }
        },
      ),
    );
  });
});

describe("socket path", () => {
  const here = (existing: string[], env: Record<string, string> = {}): Parameters<typeof socketPath>[2] => ({
    env,
    exists: (path) => existing.includes(path),
    home: "/home/al",
  });
  it.each<[string, boolean, string[], Record<string, string>, string]>([
    ["qemu:///system", false, [], {}, "/var/run/libvirt/libvirt-sock"],
    ["qemu:///system", true, [], {}, "/var/run/libvirt/libvirt-sock-ro"],
    ["qemu:///system", false, ["/var/run/libvirt/virtqemud-sock"], {}, "/var/run/libvirt/virtqemud-sock"],
    ["qemu:///system", false, ["/var/run/libvirt/virtqemud-sock", "/var/run/libvirt/libvirt-sock"], {}, "/var/run/libvirt/virtqemud-sock"],
    ["qemu:///system?mode=legacy", false, ["/var/run/libvirt/virtqemud-sock"], {}, "/var/run/libvirt/libvirt-sock"],
    ["remote:///", false, ["/var/run/libvirt/virtlxcd-sock"], {}, "/var/run/libvirt/virtlxcd-sock"],
    ["test:///default", false, ["/var/run/libvirt/virtqemud-sock"], {}, "/var/run/libvirt/libvirt-sock"],
    ["xen:///system?mode=direct", true, [], {}, "/var/run/libvirt/virtxend-sock-ro"],
    ["qemu:///system?socket=/s", true, [], {}, "/s"],
    ["qemu:///session", true, [], { XDG_RUNTIME_DIR: "/run/user/7" }, "/run/user/7/libvirt/libvirt-sock"],
    ["qemu:///session", false, [], {}, "/home/al/.cache/libvirt/libvirt-sock"],
    ["qemu:///session", false, [], { XDG_CACHE_HOME: "/c" }, "/c/libvirt/libvirt-sock"],
  ])("of %s (read only: %s) with %j", (uri, readOnly, existing, env, expected) => {
    expect(socketPath(parseUri(uri), readOnly, here(existing, env))).toBe(expected);
  });
});
