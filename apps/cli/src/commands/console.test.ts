import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { exitCodes } from "../exitCode.ts";
import { run } from "../program.ts";
import { aVm } from "../testing/documents.ts";
import { fakeIo } from "../testing/fakeIo.ts";
import { fixtureServer, FixtureProblem } from "../testing/fixtureServer.ts";
import { acceptWebSockets, type WebSocketPeer } from "../testing/webSocketPeer.ts";

async function consoleServer() {
  const server = await fixtureServer({ vmGet: () => aVm() });
  const peers: WebSocketPeer[] = [];
  acceptWebSockets(server.http, (peer) => peers.push(peer));
  const peer = async (n = 0): Promise<WebSocketPeer> => {
    await expect.poll(() => peers.length, { timeout: 5000 }).toBeGreaterThan(n);
    return peers[n]!;
  };
  return {
    server,
    peer,
    async [Symbol.asyncDispose]() {
      peers.forEach((each) => each.end());
      await server[Symbol.asyncDispose]();
    },
  };
}

describe("console", () => {
  it("passes bytes both ways until ^], and what comes after it does not reach the guest", async () => {
    await using setup = await consoleServer();
    const io = fakeIo({ POLYVISOR_URL: setup.server.url, POLYVISOR_TOKEN: "t0" });
    const done = run(["console", "web1", "--alias", "serial1"], io);
    const peer = await setup.peer();
    await io.until("Escape is ^]", "err");
    expect(peer.protocols).toBe("polyvisor, polyvisor.token.t0");
    expect(peer.url).toContain("kind=text&alias=serial1");
    peer.send("login: ");
    await io.until("login: ");
    io.type("root\r");
    await expect.poll(peer.received).toBe("root\r");
    io.type("bye\u001dnot for the guest");
    expect(await done).toBe(exitCodes.ok);
    await expect.poll(peer.received).toBe("root\rbye");
  });
  it("ends after the end of a pipe, when nothing more is shown", async () => {
    await using setup = await consoleServer();
    const io = fakeIo({ POLYVISOR_URL: setup.server.url });
    const done = run(["console", "web1", "--idle", "1"], io);
    const peer = await setup.peer();
    io.type("uptime\n");
    (io.stdin as unknown as { end(): void }).end();
    await expect.poll(peer.received).toBe("uptime\n");
    peer.send("up 3 days\n");
    expect(await done).toBe(exitCodes.ok);
    expect(io.out()).toBe("up 3 days\n");
  });
  it("connects again when the connection breaks", async () => {
    await using setup = await consoleServer();
    const io = fakeIo({ POLYVISOR_URL: setup.server.url });
    const done = run(["console", "web1"], io);
    (await setup.peer()).end();
    const again = await setup.peer(1);
    await io.until("again.", "err");
    io.type("x\u001d");
    expect(await done).toBe(exitCodes.ok);
    await expect.poll(again.received).toBe("x");
  });
  it("says why a server cut it, and connects again", async () => {
    await using setup = await consoleServer();
    const io = fakeIo({ POLYVISOR_URL: setup.server.url });
    const done = run(["console", "web1"], io);
    (await setup.peer()).end(1012, "the server\u001b stops");
    await setup.peer(1);
    await io.until("again.", "err");
    expect(io.err()).toContain("The console was cut: the server\\x1b stops; connecting again");
    io.type("\u001d");
    expect(await done).toBe(exitCodes.ok);
  });
  it("ends with 1 and the server's words when the console fails, with 0 when it was closed", async () => {
    await using setup = await consoleServer();
    for (const [n, code, exit] of [
      [0, 1011, 1],
      [1, 1000, 0],
    ] as const) {
      const io = fakeIo({ POLYVISOR_URL: setup.server.url });
      const done = run(["console", "web1"], io);
      (await setup.peer(n)).end(code, "the guest\u001b[0m is off");
      expect(await done).toBe(exit);
      expect(io.err()).toContain("the guest\\x1b[0m is off");
    }
  });
  it("says why the server refuses it", async () => {
    await using server = await fixtureServer({
      vmGet: () => aVm({ state: "off" }),
      vmConsole: () => {
        throw new FixtureProblem("wrongState", "web1 is off");
      },
    });
    const io = fakeIo({ POLYVISOR_URL: server.url });
    expect(await run(["console", "web1"], io)).toBe(exitCodes.refused);
    expect(io.err()).toContain("web1 is off");
  });
});

describe("vncviewer", () => {
  it("opens a port on the loopback that leads to the VM's screen", async () => {
    await using setup = await consoleServer();
    const io = fakeIo({ POLYVISOR_URL: setup.server.url });
    const done = run(["vncviewer", "web1"], io);
    await io.until(/^127\.0\.0\.1:\d+\n/);
    const [host, port] = io.out().trim().split(":");
    const viewer = connect(Number(port), host);
    let seen = "";
    viewer.on("data", (chunk) => (seen += chunk.toString()));
    const peer = await setup.peer(1); // the first was the probe
    peer.send("RFB 003.008\n");
    await expect.poll(() => seen).toBe("RFB 003.008\n");
    viewer.write("RFB 003.008\n");
    await expect.poll(peer.received).toBe("RFB 003.008\n");
    io.interrupt();
    expect(await done).toBe(0);
    viewer.destroy();
  });
});
