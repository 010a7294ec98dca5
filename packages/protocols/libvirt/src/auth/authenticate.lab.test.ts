import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAuthority, type Pair } from "../../../../../tests/lab/certificates.ts";
import { PrivateLibvirtd } from "../../../../../tests/lab/privateLibvirtd.ts";
import { connect } from "../index.ts";

const USERS = { al: "correct horse, battery=staple", björk: "pässwörd" };

describe.each(["scram-sha-256", "scram-sha-1", "scram-sha-512", "plain"])("SASL %s against libvirtd", (mechanism) => {
  let daemon: PrivateLibvirtd;
  beforeAll(async () => {
    daemon = await PrivateLibvirtd.start({ conf: { auth_unix_rw: "sasl" }, sasl: { mechanisms: mechanism, users: USERS } });
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  it.each(Object.entries(USERS))("lets %s in", async (username, password) => {
    const asked: unknown[] = [];
    await using conn = await connect("test:///default", {
      socketPath: daemon.socket,
      credentials: (need) => {
        asked.push(need);
        return { username, password };
      },
    });
    expect((await conn.call.connectGetType()).type).toBe("TEST");
    expect(asked).toEqual([{ mechanism: mechanism.toUpperCase(), uri: "test:///default", user: undefined }]);
  });

  it("refuses a wrong password, without repeating it", async () => {
    const opening = connect("test:///default", { socketPath: daemon.socket, credentials: () => ({ username: "al", password: "wr0ng-secret" }) });
    await expect(opening).rejects.toMatchObject({ kind: "authFailed", message: expect.not.stringContaining("wr0ng-secret") });
    await expect(connect("test:///default", { socketPath: daemon.socket })).rejects.toMatchObject({ kind: "authFailed" });
  });
});

describe("TCP and TLS against libvirtd", () => {
  it("TCP: opens without authentication; SASL without encryption is refused by name", async () => {
    await using daemon = await PrivateLibvirtd.start({ listen: "tcp" });
    await using conn = await connect(`test+tcp://127.0.0.1:${daemon.port}/default`);
    expect((await conn.call.connectGetType()).type).toBe("TEST");
    await using strict = await PrivateLibvirtd.start({ listen: "tcp", conf: { auth_tcp: "sasl" }, sasl: { mechanisms: "scram-sha-256 plain", users: USERS } });
    await expect(connect(`test+tcp://127.0.0.1:${strict.port}/default`, { credentials: () => ({ username: "al", password: USERS.al }) })).rejects.toMatchObject(
      { name: "ConnectionError", kind: "notSupported" },
    );
  });

  describe("TLS", () => {
    const authority = new TestAuthority();
    const stranger = new TestAuthority("Strange authority");
    const client = authority.issue("console", "clientAuth");
    let daemon: PrivateLibvirtd;
    const start = (
      pair: Pair,
      conf: Record<string, string | number> = {},
      sasl?: { mechanisms: string; users: Record<string, string> },
    ): Promise<PrivateLibvirtd> => PrivateLibvirtd.start({ listen: "tls", tls: { ca: authority.cert, ...pair }, conf, ...(sasl ? { sasl } : {}) });
    beforeAll(async () => {
      daemon = await start(authority.issue("localhost", "serverAuth", ["DNS:localhost", "IP:127.0.0.1"]));
    });
    afterAll(async () => {
      await daemon[Symbol.asyncDispose]();
      authority[Symbol.dispose]();
      stranger[Symbol.dispose]();
    });
    const uri = (host = "localhost", query = ""): string => `test+tls://${host}:${daemon.port}/default${query}`;

    it.each(["localhost", "127.0.0.1"])("opens %s with a client certificate", async (host) => {
      await using conn = await connect(uri(host), { tls: { ca: authority.cert, ...client } });
      expect((await conn.call.connectGetType()).type).toBe("TEST");
    });

    it("names each fault: other name, other authority, no or foreign client certificate, no TLS at all", async () => {
      const tls = { ca: authority.cert, ...client };
      await expect(connect(uri(), { tls: { ...tls, serverName: "kvm7.example.org" } })).rejects.toMatchObject({
        kind: "tlsName",
        message: expect.stringContaining("kvm7.example.org"),
      });
      await expect(connect(uri(), { tls: { ...tls, ca: stranger.cert } })).rejects.toMatchObject({ kind: "tlsTrust" });
      await expect(connect(uri(), { tls: { ...tls, ...stranger.issue("console", "clientAuth") } })).rejects.toMatchObject({ kind: "authFailed" });
      await expect(connect(uri(), { tls: { ca: authority.cert, cert: "", key: "" } })).rejects.toMatchObject({
        kind: "authFailed",
        message: expect.stringContaining("wants a client certificate"),
      });
      await expect(connect(uri(), { tls: { ...tls, ...authority.issue("console", "clientAuth", [], true) } })).rejects.toMatchObject({
        kind: "authFailed",
        message: expect.stringMatching(/has expired at \d{4}-/),
      });
      await expect(connect(uri(), { tls: { ...tls, key: "junk" } })).rejects.toMatchObject({ kind: "tlsTrust" });
      await expect(connect(uri("localhost", "?pkipath=/nowhere"))).rejects.toMatchObject({
        kind: "tlsTrust",
        message: expect.stringContaining("/nowhere/cacert.pem"),
      });
      await using plain = await PrivateLibvirtd.start({ listen: "tcp" });
      await expect(connect(`test+tls://localhost:${plain.port}/default`, { tls, openTimeoutMs: 1_000 })).rejects.toMatchObject({
        kind: expect.stringMatching(/protocol|lost|timeout/),
      });
    });

    it("does not verify when the URI says so", async () => {
      await using conn = await connect(uri("localhost", "?no_verify=1"), { tls: { ca: stranger.cert, serverName: "other", ...client } });
      expect(conn.open).toBe(true);
    });

    it("refuses an expired certificate", async () => {
      await using own = await start(authority.issue("localhost", "serverAuth", ["DNS:localhost"], true), { tls_no_sanity_certificate: 1 });
      await expect(connect(`test+tls://localhost:${own.port}/default`, { tls: { ca: authority.cert, ...client } })).rejects.toMatchObject({
        kind: "tlsTrust",
        errno: "CERT_HAS_EXPIRED",
      });
    });

    it("carries SCRAM and PLAIN", async () => {
      for (const mechanisms of ["scram-sha-256", "plain"]) {
        await using own = await start(authority.issue("localhost", "serverAuth", ["DNS:localhost"]), { auth_tls: "sasl" }, { mechanisms, users: USERS });
        await using conn = await connect(`test+tls://localhost:${own.port}/default`, {
          tls: { ca: authority.cert, ...client },
          credentials: () => ({ username: "al", password: USERS.al }),
        });
        expect((await conn.call.connectGetType()).type).toBe("TEST");
      }
    });
  });
});
