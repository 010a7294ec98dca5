import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ScramExchange } from "./scramExchange.ts";

// The example exchanges of RFC 7677 (SHA-256) and RFC 5802 (SHA-1).
const examples = [
  {
    mechanism: "SCRAM-SHA-256",
    nonce: "rOprNGfwEbeRWgbNEkqO",
    first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    server: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    verifier: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  },
  {
    mechanism: "SCRAM-SHA-1",
    nonce: "fyko+d2lbbFgONRv9qkxdawL",
    first: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    server: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    verifier: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  },
];

describe("SCRAM", () => {
  it.each(examples)("$mechanism gives the messages of its RFC", async ({ mechanism, nonce, first, server, final, verifier }) => {
    const exchange = new ScramExchange(mechanism, "user", "pencil", nonce);
    expect(exchange.first()).toBe(first);
    expect(await exchange.final(server)).toBe(final);
    expect(() => exchange.verify(verifier)).not.toThrow();
  });

  it("agrees with a server's own arithmetic for SHA-512 and an unusual name and password", async () => {
    const exchange = new ScramExchange("SCRAM-SHA-512", "a=b,c", "p\u00e4ss\u00a0wo\u00adrd\u2460", "nonce");
    expect(exchange.first()).toBe("n,,n=a=3Db=2Cc,r=nonce");
    const serverFirst = `r=nonceX,s=${Buffer.from("salt").toString("base64")},i=4096`;
    const final = await exchange.final(serverFirst);
    const salted = pbkdf2Sync("p\u00e4ss word1", "salt", 4096, 64, "sha512");
    const mac = (key: Buffer, text: string): Buffer => createHmac("sha512", key).update(text).digest();
    const message = `n=a=3Db=2Cc,r=nonce,${serverFirst},c=biws,r=nonceX`;
    const proof = Buffer.from(/p=(.*)$/.exec(final)?.[1] ?? "", "base64");
    const signature = mac(createHash("sha512").update(mac(salted, "Client Key")).digest(), message);
    expect(Array.from(proof, (byte, i) => byte ^ (signature[i] ?? 0))).toEqual([...mac(salted, "Client Key")]);
    expect(() => exchange.verify(`v=${mac(mac(salted, "Server Key"), message).toString("base64")}`)).not.toThrow();
  });

  it.each([
    ["a nonce that is not ours", "r=other,s=QSXCR+Q6sek8bf92,i=4096"],
    ["our nonce alone", "r=nonce,s=QSXCR+Q6sek8bf92,i=4096"],
    ["no salt", "r=nonceX,i=4096"],
    ["too few iterations", "r=nonceX,s=QSXCR+Q6sek8bf92,i=1"],
    ["iterations that would take hours", "r=nonceX,s=QSXCR+Q6sek8bf92,i=2000000000"],
    ["junk", "\0\0\0"],
  ])("refuses %s", async (_name, server) => {
    await expect(new ScramExchange("SCRAM-SHA-256", "u", "p", "nonce").final(server)).rejects.toMatchObject({ kind: "authFailed" });
  });

  it("refuses a server that does not know the password, and says what one reports", async () => {
    const exchange = new ScramExchange("SCRAM-SHA-256", "user", "wrong", examples[0]?.nonce);
    await exchange.final(examples[0]?.server ?? "");
    expect(() => exchange.verify(examples[0]?.verifier ?? "")).toThrow(/impostor/);
    expect(() => exchange.verify("e=invalid-proof")).toThrow(/invalid-proof/);
    expect(() => exchange.verify("")).toThrow(/impostor/);
  });
});
