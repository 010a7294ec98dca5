import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { run } from "../program.ts";
import { fakeIo } from "../testing/fakeIo.ts";
import { fixtureServer, FixtureProblem, type Answer } from "../testing/fixtureServer.ts";
import { keptDevice } from "./devices.ts";

let home: string;
beforeEach(() => (home = mkdtempSync(join(tmpdir(), "cli-"))));
afterEach(() => rmSync(home, { recursive: true }));

const account = { id: "a", name: "alice", hasPassPhrase: true };
const lasting = {
  sessionDelete: () => undefined,
  tokenCreate: () => ({ id: "k1", name: "x", createdAt: "2026-01-01T00:00:00Z", token: "lasting" }),
  accountGet: () => account,
};
const session = { token: "session", expiresAt: "2026-01-01T00:00:00Z", account, device: "known device" };
const end = (io: ReturnType<typeof fakeIo>): void => (io.stdin as unknown as { end(): void }).end();
/** Asks for a second factor until there is one. */
const guarded: Answer = ({ body }) => {
  if ((body as { secondFactor?: string }).secondFactor !== "123456") throw new FixtureProblem("secondFactorNeeded", "a code");
  return session;
};

describe("signing in by name", () => {
  it("asks for the second factor when the server does, and is known the next time", async () => {
    await using server = await fixtureServer({ ...lasting, sessionCreate: guarded });
    const io = fakeIo({ HOME: home });
    io.type("my phrase\n123456\n");
    end(io);
    expect(await run(["login", "--url", server.url, "--name", "alice", "--provider", "corp"], io)).toBe(0);
    const asked = server.of("sessionCreate").map((each) => each.body);
    expect(asked).toEqual([
      { name: "alice", passPhrase: "my phrase", provider: "corp" },
      { name: "alice", passPhrase: "my phrase", provider: "corp", secondFactor: "123456" },
    ]);
    expect(keptDevice({ HOME: home }, `alice@corp ${server.url}`)).toBe("known device");
    expect(keptDevice({ HOME: home }, `alice ${server.url}`)).toBeUndefined();
    expect(statSync(join(home, ".config/polyvisor/devices.json")).mode & 0o777).toBe(0o600);
    const again = fakeIo({ HOME: home });
    again.type("my phrase\n123456\n");
    end(again);
    expect(await run(["login", "--url", server.url, "--name", "alice", "--provider", "corp"], again)).toBe(0);
    expect(server.of("sessionCreate").at(-1)!.body).toMatchObject({ device: "known device" });
    expect(io.out() + io.err()).not.toMatch(/my phrase|123456|known device|lasting/);
  });

  it("says so where a second factor is asked for and none is there", async () => {
    await using server = await fixtureServer({ ...lasting, sessionCreate: guarded });
    const io = fakeIo({ HOME: home });
    io.type("my phrase\n");
    end(io);
    expect(await run(["login", "--url", server.url, "--name", "alice"], io)).toBe(4);
    expect(io.err()).toContain("A second factor is needed");
    expect(server.of("sessionCreate")).toHaveLength(1);
  });
});

describe("signing in with a browser", () => {
  const challengeOf = (verifier: string): string => createHash("sha256").update(verifier).digest("base64url");

  it("takes the code that the browser brings to its port, and proves to be who began", async () => {
    await using server = await fixtureServer({ ...lasting, sessionCreate: () => session, signInBegin: () => ({ url: "https://id.example/auth?x=1" }) });
    const io = fakeIo({ HOME: home });
    const done = run(["login", "--url", server.url, "--provider", "keys"], io);
    await io.until("https://id.example/auth?x=1", "err");
    const { body, params } = server.of("signInBegin")[0]!;
    const { challenge, returnTo } = body as { challenge: string; returnTo: string };
    expect(params).toEqual({ id: "keys" });
    expect(returnTo).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{16}$/);
    // What is not the browser with the code does not end it.
    for (const path of ["/", "/?code=evil", `${new URL(returnTo).pathname}`]) expect((await fetch(new URL(path, returnTo))).status).toBe(404);
    expect((await fetch(`${returnTo}?code=THE-CODE`)).status).toBe(200);
    expect(await done).toBe(0);
    const entered = server.of("sessionCreate")[0]!.body as { code: string; verifier: string };
    expect(entered.code).toBe("THE-CODE");
    expect(challengeOf(entered.verifier)).toBe(challenge);
    expect(io.out() + io.err()).not.toContain(entered.verifier);
  });

  it("asks for the code where there is no browser", async () => {
    await using server = await fixtureServer({ ...lasting, sessionCreate: () => session, signInBegin: () => ({ url: "https://id.example/auth" }) });
    const io = fakeIo({ HOME: home });
    io.type("THE-CODE\n");
    end(io);
    expect(await run(["login", "--url", server.url, "--provider", "keys", "--no-browser"], io)).toBe(0);
    const { challenge, returnTo } = server.of("signInBegin")[0]!.body as { challenge: string; returnTo?: string };
    expect(returnTo).toBeUndefined();
    expect(challengeOf((server.of("sessionCreate")[0]!.body as { verifier: string }).verifier)).toBe(challenge);
  });

  it("ends by Ctrl-C, and opens nothing that is no web page", async () => {
    await using server = await fixtureServer({ signInBegin: () => ({ url: "https://id.example/auth" }) });
    const io = fakeIo({ HOME: home });
    const done = run(["login", "--url", server.url, "--provider", "keys"], io);
    await io.until("https://id.example/auth", "err");
    io.interrupt();
    expect(await done).toBe(130);
    await using evil = await fixtureServer({ signInBegin: () => ({ url: "file:///etc/passwd" }) });
    expect(await run(["login", "--url", evil.url, "--provider", "keys"], fakeIo({ HOME: home }))).toBe(2);
  });

  it.each([
    ["--code", "x"],
    ["--token", "x"],
  ])("--provider does not go with %s", async (...way) => {
    const io = fakeIo({ HOME: home });
    expect(await run(["login", "--url", "http://127.0.0.1:1", "--provider", "keys", ...way], io)).toBe(2);
  });
});
