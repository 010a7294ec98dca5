import { expect, test } from "vitest";
import { emptyDraft, hostUri } from "./hostUri.ts";

test.each([
  [{ way: "local" }, "qemu:///system"],
  [{ way: "local", driver: "lxc" }, "lxc:///"],
  [{ way: "ssh", machine: " host2 " }, "qemu+ssh://root@host2/system"],
  [{ way: "ssh", machine: "host2", port: "2222", user: "", driver: "xen" }, "xen+ssh://host2:2222/system"],
  [{ way: "ssh", machine: "fe80::1", keyFile: "/srv/keys/a b" }, "qemu+ssh://root@[fe80::1]/system?keyfile=/srv/keys/a%20b"],
  [{ way: "ssh", machine: "h", user: "a@b:c" }, "qemu+ssh://a%40b%3Ac@h/system"],
  [{ way: "tls", machine: "host2", certificates: "/srv/pki" }, "qemu+tls://host2/system?pkipath=/srv/pki"],
  [{ way: "tcp", machine: "host2" }, "qemu+tcp://host2/system"],
  [{ way: "socket", socket: "/run/x&y" }, "qemu+unix:///system?socket=/run/x%26y"],
  [{ way: "simulated", machine: "host-0001" }, "sim://demo/host-0001?vms=10"],
  [{ way: "uri", uri: " test:///default " }, "test:///default"],
  [{ way: "ssh", machine: " " }, undefined],
  [{ way: "uri" }, undefined],
] as const)("%o", (given, uri) => expect(hostUri({ ...emptyDraft, ...given })).toBe(uri));
