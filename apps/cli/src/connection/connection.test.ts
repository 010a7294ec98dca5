import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { run } from "../program.ts";
import { fakeIo } from "../testing/fakeIo.ts";
import { fixtureServer } from "../testing/fixtureServer.ts";
import { connect } from "./connect.ts";
import { checkUrl, isExposed, locateServer } from "./locate.ts";
import { profilePath, readProfile, writeProfile } from "./profile.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "polyvisor-cli-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));
const user = 1000;

function localServer(folder: string, url = "http://127.0.0.1:8420"): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "server.json"), JSON.stringify({ url }));
  writeFileSync(join(folder, "local-token"), "local\n");
}

describe("which server", () => {
  it("is the one of the environment before all others", () => {
    writeProfile({ HOME: home }, { url: "http://stored", token: "stored" });
    expect(locateServer({ HOME: home, POLYVISOR_URL: "http://env:1/", POLYVISOR_TOKEN: "env" }, user)).toMatchObject({ url: "http://env:1", token: "env" });
  });
  it("never gets a token that was stored for another", () => {
    writeProfile({ HOME: home }, { url: "http://stored", token: "stored" });
    expect(locateServer({ HOME: home, POLYVISOR_URL: "http://elsewhere" }, user).token).toBeUndefined();
    expect(locateServer({ HOME: home, POLYVISOR_URL: "http://stored/" }, user).token).toBe("stored");
  });
  it("is a data folder that is named, then the stored sign-in, then this machine's", () => {
    localServer(join(home, ".local/share/polyvisor"));
    expect(locateServer({ HOME: home }, user)).toMatchObject({ url: "http://127.0.0.1:8420", token: "local" });
    writeProfile({ HOME: home }, { url: "http://stored", token: "stored" });
    expect(locateServer({ HOME: home }, user)).toMatchObject({ url: "http://stored", token: "stored" });
    localServer(join(home, "data"), "http://127.0.0.1:9999");
    expect(locateServer({ HOME: home, POLYVISOR_DATA: join(home, "data") }, user).url).toBe("http://127.0.0.1:9999");
  });
  it("is none: that is said with what to do", () => expect(() => locateServer({ HOME: home }, user)).toThrow(/No Polyvisor server runs on this machine/));
  it.each(["ftp://x", "nonsense", "http://user:word@x"])("is not %s", (url) => expect(() => checkUrl(url, "--url")).toThrow("--url"));
  it("is told from one that would read tokens off the network", () => {
    expect(["http://127.0.0.1:8420", "http://[::1]:1", "http://localhost", "https://example.com"].filter(isExposed)).toEqual([]);
    expect(["http://10.0.0.1:8420", "http://127.evil.example"].filter(isExposed)).toHaveLength(2);
  });
  it("is not taken from a broken file", () => {
    mkdirSync(join(home, ".config/polyvisor"), { recursive: true });
    writeFileSync(profilePath({ HOME: home }), "{}");
    expect(() => locateServer({ HOME: home }, user)).toThrow("is not a sign-in");
  });
});

describe("login", () => {
  it("trades a code for a token of its own, kept for the user alone, and logout revokes it", async () => {
    await using server = await fixtureServer({
      sessionCreate: () => ({ token: "session", expiresAt: "2026-01-01T00:00:00Z", account: { id: "a", name: "admin", hasPassPhrase: false } }),
      sessionDelete: () => undefined,
      tokenCreate: ({ headers }) =>
        headers.authorization === "Bearer session" ? { id: "k1", name: "x", createdAt: "2026-01-01T00:00:00Z", token: "lasting" } : undefined,
      accountGet: () => ({ id: "a", name: "admin", hasPassPhrase: false }),
      tokenDelete: () => undefined,
    });
    const io = fakeIo({ HOME: home });
    expect(await run(["login", "--url", server.url, "--code", "ABCD"], io)).toBe(0);
    expect(server.of("sessionCreate")[0]!.body).toEqual({ code: "ABCD" });
    expect(readProfile({ HOME: home })).toEqual({ url: server.url, token: "lasting", tokenId: "k1" });
    expect(statSync(profilePath({ HOME: home })).mode & 0o777).toBe(0o600);
    expect(io.out() + io.err()).not.toMatch(/lasting|session/);
    expect(await run(["logout"], fakeIo({ HOME: home }))).toBe(0);
    expect(server.of("tokenDelete")[0]!.params).toEqual({ id: "k1" });
    expect(readProfile({ HOME: home })).toBeUndefined();
  });
  it("takes a pass phrase with its spaces from standard input", async () => {
    await using server = await fixtureServer({ accountGet: () => ({ id: "a", name: "admin", hasPassPhrase: false }), accountPassPhrase: () => undefined });
    const io = fakeIo({ POLYVISOR_URL: server.url });
    io.type("  ein langer Satz – mit Ümläuten 数据 \n");
    (io.stdin as unknown as { end(): void }).end();
    expect(await run(["pass-phrase"], io)).toBe(0);
    expect(server.of("accountPassPhrase")[0]!.body).toEqual({ new: "  ein langer Satz – mit Ümläuten 数据 " });
  });
});

describe("a write whose connection breaks before the answer", () => {
  it("is sent again with the same key, and a read is not", async () => {
    const keys: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      keys.push(request.headers["idempotency-key"] as string | undefined);
      if (keys.length === 1 || request.method === "GET") return void request.socket.destroy();
      response.setHeader("content-type", "application/json");
      response.end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const client = connect({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: "t", found: "the test" } as never);
      await client.call("groupCreate", { body: { name: "g" } });
      expect(keys).toHaveLength(2);
      expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
      expect(keys[1]).toBe(keys[0]);
      await expect(client.call("groupList")).rejects.toThrow(/failed/);
      expect(keys).toHaveLength(3);
    } finally {
      server.close();
    }
  });
});
