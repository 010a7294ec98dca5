import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fingerprint, keyType, KnownHosts } from "./knownHosts.ts";

const key = (type: string, fill: number): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), Buffer.alloc(36, fill)]);
};
const ED = key("ssh-ed25519", 1);
const RSA = key("ssh-rsa", 2);
const OTHER = key("ssh-ed25519", 3);
const line = (hosts: string, blob: Buffer): string => `${hosts} ${keyType(blob)} ${blob.toString("base64")} comment`;
const hashed = (name: string): string =>
  `|1|${Buffer.from("0123456789abcdefghij").toString("base64")}|${createHmac("sha1", "0123456789abcdefghij").update(name).digest("base64")}`;

const file = new KnownHosts(
  [
    "# a comment",
    "",
    "broken line",
    line("kvm1,10.0.0.1", ED),
    line("kvm1", RSA),
    line("[kvm1]:2222", OTHER),
    line(hashed("kvm2"), ED),
    line(hashed("[kvm2]:2222"), OTHER),
    line("*.lab.example,!bad.lab.example", ED),
    `@revoked ${line("kvm4", ED)}`,
    `@cert-authority ${line("*", RSA)}`,
    line("kvm4", OTHER),
    line("fe80::1", ED),
  ].join("\r\n"),
);

describe("known hosts", () => {
  it.each<[string, number, Buffer, string]>([
    ["kvm1", 22, ED, "known"],
    ["KVM1", 22, RSA, "known"],
    ["10.0.0.1", 22, ED, "known"],
    ["kvm1", 22, OTHER, "changed"],
    ["kvm1", 2222, OTHER, "known"],
    ["kvm1", 2222, ED, "changed"],
    ["kvm1", 2200, ED, "unknown"],
    ["kvm2", 22, ED, "known"],
    ["kvm2", 22, OTHER, "changed"],
    ["kvm2", 2222, OTHER, "known"],
    ["a.lab.example", 22, ED, "known"],
    ["bad.lab.example", 22, ED, "unknown"],
    ["lab.example", 22, ED, "unknown"],
    ["kvm4", 22, ED, "revoked"],
    ["kvm4", 22, OTHER, "known"],
    ["fe80::1", 22, ED, "known"],
    ["nowhere", 22, RSA, "unknown"],
  ])("%s port %i", (host, port, blob, verdict) => {
    expect(file.check(host, port, blob)).toBe(verdict);
  });

  it("names the key types known for a host, so that one of them is asked for", () => {
    expect(file.types("kvm1", 22)).toEqual(["ssh-ed25519", "ssh-rsa"]);
    expect(file.types("kvm9", 22)).toEqual([]);
  });

  it("prints fingerprints as ssh-keygen does", () => {
    expect(fingerprint(Buffer.from("abc"))).toBe("SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0");
  });

  it("is not slowed by hostile patterns", () => {
    const hostile = new KnownHosts(line("*a".repeat(2_000) + "b", ED));
    expect(hostile.check("a".repeat(5_000), 22, ED)).toBe("unknown");
  });
});
