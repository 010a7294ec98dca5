import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { exitCodes } from "./exitCode.ts";
import { run } from "./program.ts";
import { aHost, anEvent, aPlan, aTask, aVm } from "./testing/documents.ts";
import { fakeIo } from "./testing/fakeIo.ts";
import { fixtureServer, FixtureProblem, sent, type Answer } from "./testing/fixtureServer.ts";

const one = (item: unknown) => ({ items: [item], total: 1 });
const site: Record<string, Answer> = { hostList: () => one(aHost()), vmList: () => one(aVm()) };
async function cli(url: string, ...argv: string[]) {
  const io = fakeIo({ POLYVISOR_URL: url, POLYVISOR_TOKEN: "t0ken" });
  const code = await run(argv, io);
  return { code, out: io.out(), err: io.err() };
}

describe("list", () => {
  it("shows a table and sends the selector as one filter", async () => {
    await using server = await fixtureServer(site);
    const { code, out } = await cli(server.url, "list", "tag=web", "name=web-*");
    expect(code).toBe(0);
    expect(out).toMatch(/^NAME +HOST +STATE/);
    expect(out).toMatch(/web1 +h1 +running .* 2 +512 MiB/);
    expect(server.of("vmList")[0]!.query["filter"]).toBe("tag=web name=web-*");
    expect(server.of("vmList")[0]!.headers.authorization).toBe("Bearer t0ken");
  });
  it("walks every page", async () => {
    await using server = await fixtureServer({
      ...site,
      vmList: ({ query }) =>
        query["cursor"] ? { items: [aVm({ id: "vm-2", name: "b" })], total: 2 } : { items: [aVm({ name: "a" })], next: "more", total: 2 },
    });
    expect((await cli(server.url, "ls", "-o", "name")).out).toBe("a\nb\n");
  });
  it("gives the API's own documents as JSON and YAML", async () => {
    await using server = await fixtureServer(site);
    expect(JSON.parse((await cli(server.url, "list", "-o", "json")).out)).toEqual([aVm()]);
    expect(parse((await cli(server.url, "vm", "list", "--output=yaml")).out)).toEqual([aVm()]);
    expect(server.of("vmList").every(({ query }) => query["fields"] === undefined)).toBe(true);
  });
  it("never shows a lost host's VMs as fresh", async () => {
    await using server = await fixtureServer({
      ...site,
      hostList: () => one(aHost({ connection: { state: "lost", since: "2026-03-01T10:00:00Z", lastSeen: "2026-03-01T10:00:00Z" } })),
    });
    const { out, err } = await cli(server.url, "list");
    expect(out).toContain("running?");
    expect(err).toMatch(/h1 is lost: its VMs are as last seen/);
  });
  it("escapes a hostile name in every form", async () => {
    await using server = await fixtureServer({ ...site, vmList: () => one(aVm({ name: "x\u001b[2J\u202ey", tags: ["\u009b31m"] })) });
    for (const form of ["table", "wide", "json", "yaml", "name"]) {
      const { out } = await cli(server.url, "list", "-o", form);
      // eslint-disable-next-line no-control-regex
      expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      expect(out).toContain("[2J");
    }
  });
  it("says what to do where there is nothing", async () => {
    await using server = await fixtureServer({ hostList: () => ({ items: [], total: 0 }), vmList: () => ({ items: [], total: 0 }) });
    expect((await cli(server.url, "list")).err).toContain("polyvisor host add --local");
    expect((await cli(server.url, "list", "state=off")).err).toContain("No VM fits");
  });
});

describe("list --watch", () => {
  it("follows the stream, asks about just what changed, and reads all anew after a reset", async () => {
    let state: "running" | "paused" = "running";
    let send: (event: unknown) => void = () => undefined;
    await using server = await fixtureServer({
      ...site,
      vmList: () => one(aVm({ state, revision: state === "running" ? 1 : 2 })),
      eventStream: (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).write("event: ready\ndata: {}\n\n");
        send = (event) => response.write(`id: 1\ndata: ${JSON.stringify(event)}\n\n`);
        return sent;
      },
    });
    const io = fakeIo({ POLYVISOR_URL: server.url });
    const done = run(["list", "--watch", "tag=web"], io);
    await io.until(/web1 +h1 +running/);
    state = "paused";
    send(anEvent({ objectId: "vm-000000000001", fields: ["state"] }));
    await io.until(/web1 +h1 +paused/);
    expect(server.of("vmList").at(-1)!.query["filter"]).toBe("(tag=web) and id in (vm-000000000001)");
    const before = server.of("hostList").length;
    send(anEvent({ type: "reset" }));
    await expect.poll(() => server.of("hostList").length, { timeout: 5000 }).toBeGreaterThan(before);
    io.interrupt();
    expect(await done).toBe(0);
  });
  it("redraws in place on a terminal and gives the cursor back", async () => {
    await using server = await fixtureServer({
      ...site,
      eventStream: (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).write("event: ready\ndata: {}\n\n");
        return sent;
      },
    });
    const io = fakeIo({ POLYVISOR_URL: server.url }, { terminal: true });
    const done = run(["list", "-w"], io);
    await io.until("web1");
    io.interrupt();
    await done;
    expect(io.out()).not.toContain("\u001b[2J");
    expect(io.out().endsWith("\u001b[?25h\n")).toBe(true);
  });
  it("ends with the reason when it may not read the stream", async () => {
    await using server = await fixtureServer({
      ...site,
      eventStream: () => {
        throw new FixtureProblem("notSignedIn", "the token is not valid");
      },
    });
    const { code, err } = await cli(server.url, "list", "--watch");
    expect(code).toBe(exitCodes.notAllowed);
    expect(err).toContain("the token is not valid");
  });
});

describe("a change", () => {
  const start = { ...site, taskCreate: () => aTask(), taskGet: () => aTask(), planMake: () => aPlan() };
  it("waits and says what came of each", async () => {
    let asked = 0;
    await using server = await fixtureServer({
      ...start,
      taskCreate: () => aTask({ state: "queued", progress: 0 }),
      taskGet: () => aTask(asked++ < 2 ? { state: "running", progress: 0.5 } : {}),
    });
    const { code, out } = await cli(server.url, "start", "web1", "--reason", "because");
    expect([code, out]).toEqual([0, "web1: started\n"]);
    expect(server.of("taskCreate")[0]!.body).toEqual({ request: { do: "vm.start", vms: ["web1"] }, reason: "because" });
    expect(server.of("taskCreate")[0]!.headers["idempotency-key"]).toMatch(/^[0-9a-f-]{36}$/);
  });
  it("prints the task's id with --no-wait", async () => {
    await using server = await fixtureServer(start);
    expect((await cli(server.url, "start", "web1", "--no-wait")).out).toBe("t-000000000001\n");
    expect(server.of("taskGet")).toEqual([]);
  });
  it("shows the plan with --dry-run and starts nothing", async () => {
    await using server = await fixtureServer(start);
    const { code, out } = await cli(server.url, "start", "tag=web", "--dry-run");
    expect(code).toBe(0);
    expect(out).toContain("1. start web1");
    expect(out).toContain("because it is off");
    expect(server.of("planMake")[0]!.body).toMatchObject({ request: { do: "vm.start", select: "tag=web" } });
    expect(server.of("taskCreate")).toEqual([]);
  });
  it("tells every item and ends with 1 when some failed", async () => {
    const failure = { code: "hypervisorFailed", detail: "no such disk", remedy: "Look for the disk." };
    await using server = await fixtureServer({
      ...start,
      taskCreate: () =>
        aTask(
          {
            state: "partial",
            steps: [
              { n: 1, state: "succeeded", progress: 1, message: "started" },
              { n: 2, state: "failed", progress: 0, failure },
            ],
          },
          ["a", "b"],
        ),
    });
    const { code, out, err } = await cli(server.url, "start", "a", "b");
    expect([code, out, err]).toEqual([1, "a: started\n", "b: failed: no such disk\n  Look for the disk.\n"]);
  });
  it("ends with the failure's own code when all failed alike", async () => {
    const failure = { code: "wrongState", detail: "it is off", remedy: "Start it." };
    await using server = await fixtureServer({
      ...start,
      taskCreate: () => aTask({ state: "failed", steps: [{ n: 1, state: "failed", progress: 0, failure }] }),
    });
    expect((await cli(server.url, "pause", "web1")).code).toBe(exitCodes.refused);
  });
  it("stops waiting on Ctrl-C and says how to go on", async () => {
    await using server = await fixtureServer({ ...start, taskCreate: () => aTask({ state: "running" }), taskGet: () => aTask({ state: "running" }) });
    const io = fakeIo({ POLYVISOR_URL: server.url });
    const done = run(["start", "web1"], io);
    await expect.poll(() => server.of("taskGet").length).toBeGreaterThan(0);
    io.interrupt();
    expect(await done).toBe(exitCodes.interrupted);
    expect(io.err()).toContain("polyvisor task wait t-000000000001");
  });
  it("goes on waiting while the server is away for a moment", async () => {
    let asked = 0;
    await using server = await fixtureServer({
      ...start,
      taskCreate: () => aTask({ state: "running" }),
      taskGet: () => {
        if (asked++ < 2) throw new FixtureProblem("starting", "it starts");
        return aTask();
      },
    });
    expect((await cli(server.url, "start", "web1")).code).toBe(0);
  });
  it("draws its progress on a terminal's standard error only", async () => {
    let now = 0;
    let asked = 0;
    await using server = await fixtureServer({
      ...start,
      taskCreate: () => aTask({ state: "running", progress: 0.5 }),
      taskGet: () => aTask(asked++ < 3 ? { state: "running", progress: 0.5 } : {}),
    });
    const io = fakeIo({ POLYVISOR_URL: server.url }, { terminal: true, now: () => (now += 200) });
    expect(await run(["start", "web1"], io)).toBe(0);
    expect(io.err()).toContain("50 %");
    expect(io.out()).toBe("web1: started\n");
  });
});

describe("asking first", () => {
  const answers = { ...site, planMake: () => aPlan(["a"]), taskCreate: () => aTask() };
  it.each([
    ["destroy", "a"],
    ["delete", "a"],
    ["snapshot", "revert", "a", "s1"],
    ["volume", "delete", "default", "v"],
  ])("%s %s refuses without a terminal and without --yes", async (...argv) => {
    await using server = await fixtureServer(answers);
    const { code, err } = await cli(server.url, ...argv);
    expect(code).toBe(exitCodes.usage);
    expect(err).toContain("--yes");
    expect(server.of("taskCreate")).toEqual([]);
  });
  it("does it with --yes, with what the options say", async () => {
    await using server = await fixtureServer(answers);
    expect((await cli(server.url, "delete", "a", "--disks", "--yes")).code).toBe(0);
    expect(server.of("taskCreate")[0]!.body).toMatchObject({ request: { do: "vm.delete", vms: ["a"], disks: "delete", force: false } });
  });
  it("asks for a reboot of several, not of one that a selector found", async () => {
    let names = ["a", "b"];
    await using server = await fixtureServer({ ...answers, planMake: () => aPlan(names) });
    expect((await cli(server.url, "reboot", "tag=web")).code).toBe(exitCodes.usage);
    names = ["a"];
    expect((await cli(server.url, "reboot", "tag=web")).code).toBe(0);
    expect((await cli(server.url, "reboot", "a")).code).toBe(0);
  });
});

describe("failures", () => {
  it.each([
    ["notFound", 3],
    ["ambiguous", 3],
    ["notSignedIn", 4],
    ["starting", 5],
    ["wrongState", 6],
    ["notSupported", 6],
    ["preCheckFailed", 6],
    ["badRequest", 2],
    ["hypervisorFailed", 1],
    ["internal", 1],
  ] as const)("%s ends with %i, a sentence and what to do", async (code, exitCode) => {
    await using server = await fixtureServer({
      vmExplain: () => {
        throw new FixtureProblem(code, "web1\u001b[31m");
      },
    });
    const result = await cli(server.url, "explain", "web1");
    expect(result.code).toBe(exitCode);
    expect(result.out).toBe("");
    const lines = result.err.trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain("web1\\x1b[31m");
  });
  it("says that no server runs, and how to start it", async () => {
    const gone = await fixtureServer({});
    await gone[Symbol.asyncDispose]();
    const { code, err } = await cli(gone.url, "list");
    expect(code).toBe(exitCodes.unreachable);
    expect(err).toBe(`No Polyvisor server answers at ${gone.url} (found by POLYVISOR_URL).\nStart it with ./polyvisor up.\n`);
  });
  it("knows an answer that breaks off, and one that is no JSON", async () => {
    await using server = await fixtureServer({
      vmExplain: (_, response) => {
        response.writeHead(200, { "content-length": "100" }).write("{");
        setImmediate(() => response.destroy());
        return sent;
      },
      vmGet: (_, response) => {
        response.end("<html>");
        return sent;
      },
    });
    const broken = await cli(server.url, "explain", "a");
    expect([broken.code, broken.err]).toEqual([exitCodes.unreachable, expect.stringContaining("broke before its answer was complete")]);
    expect(await cli(server.url, "state", "a")).toMatchObject({ code: exitCodes.unreachable, err: expect.stringContaining("not Polyvisor's") });
  });
  it("knows an answer that is not Polyvisor's", async () => {
    await using server = await fixtureServer({
      vmExplain: (_, response) => {
        response.writeHead(502).end("<html>proxy");
        return sent;
      },
    });
    expect((await cli(server.url, "explain", "a")).err).toContain("is not a Polyvisor answer");
  });
  it.each([
    [["strat"], "Did you mean start"],
    [["start"], "missing required argument"],
    [["list", "--colour"], "unknown option"],
    [["list", "-o", "xml"], "-o takes"],
    [["create", "a", "--disk", "size=x"], "not a size"],
  ])("%j is a usage failure", async (argv, says) => {
    const { code, err } = await cli("http://127.0.0.1:9", ...argv);
    expect(code).toBe(exitCodes.usage);
    expect(err).toContain(says);
  });
});

describe("requests", () => {
  it.each([
    [
      ["create", "hello", "--template", "micro", "-m", "128"],
      { do: "vm.create", spec: { name: "hello", memory: 128 * 1024 ** 2 }, start: true, template: "micro" },
    ],
    [["migrate", "web1", "web2", "h2", "--live", "-y"], { do: "vm.migrate", vms: ["web1", "web2"], to: "h2", live: true, copyStorage: false }],
    [["mem-set", "web1", "512"], { do: "vm.setMemory", vms: ["web1"], current: 512 * 1024 ** 2, apply: "both" }],
    [["setvcpus", "web1", "4", "--config"], { do: "vm.setVcpus", vms: ["web1"], current: 4, apply: "nextStart" }],
    [
      ["attach-disk", "web1", "/srv/a.img", "vdb"],
      { do: "vm.attachDisk", vms: ["web1"], disk: { source: "/srv/a.img", target: "vdb", format: "raw" }, apply: "both" },
    ],
    [["cd-insert", "web1", "hdc", "/srv/a.iso"], { do: "vm.changeMedia", vms: ["web1"], target: "hdc", source: "/srv/a.iso", apply: "both" }],
    [["autostart", "web1", "--disable"], { do: "vm.setAutostart", vms: ["web1"], on: false }],
    [["send-keys", "web1", "ctrl+alt+del"], { do: "vm.sendKeys", vms: ["web1"], keys: ["ctrl", "alt", "delete"] }],
    [["vm", "suspend", "web1"], { do: "vm.pause", vms: ["web1"] }],
    [["snapshot", "create", "web1", "before", "--no-memory"], { do: "vm.snapshot", vms: ["web1"], name: "before", memory: false }],
    [["volume", "create", "default", "a.qcow2", "1G"], { do: "volume.create", datastore: "default", volume: "a.qcow2", capacity: 1024 ** 3 }],
  ])("%j", async (argv, request) => {
    const { requestSchema } = await import("@polyvisor/api");
    await using server = await fixtureServer({ ...site, taskCreate: () => aTask(), planMake: () => aPlan() });
    const { code, err } = await cli(server.url, ...argv);
    expect(err).toBe("");
    expect(code).toBe(0);
    expect((server.of("taskCreate")[0]!.body as { request: unknown }).request).toEqual(request);
    expect(requestSchema.safeParse(request).success).toBe(true);
  });
  it("tags by what the VM has now, and again when another was faster", async () => {
    let attempt = 0;
    await using server = await fixtureServer({
      vmGet: (_, response) => {
        response.setHeader("etag", `"${attempt}"`);
        return aVm({ tags: attempt ? ["old", "new"] : ["old"] });
      },
      vmChange: ({ body }) => {
        if (attempt++ === 0) throw new FixtureProblem("changedMeanwhile", "it has another revision");
        return aVm(body as object);
      },
    });
    const { code, out } = await cli(server.url, "tag", "web1", "+web", "-old");
    expect([code, out]).toEqual([0, "web1: new web\n"]);
    expect(server.of("vmChange").map(({ headers }) => headers["if-match"])).toEqual(['"0"', '"1"']);
  });
});

describe("host add", () => {
  it("waits until the connection stands, or says why it does not", async () => {
    let asked = 0;
    let failure: object | undefined;
    const since = "2026-03-01T10:00:00Z";
    await using server = await fixtureServer({
      hostAdd: () => aHost({ connection: { state: "connecting", since } }),
      hostGet: () =>
        aHost({
          connection:
            asked++ === 0 ? { state: "connecting", since } : ({ state: failure ? "lost" : "connected", since, ...(failure ? { failure } : {}) } as never),
        }),
    });
    expect(await cli(server.url, "host", "add", "qemu:///system")).toEqual({ code: 0, out: "h1 added: qemu:///system (connected)\n", err: "" });
    failure = { code: "hostUnreachable", detail: "h1 does not answer", remedy: "Switch it on." };
    expect(await cli(server.url, "host", "add", "qemu:///system")).toEqual({
      code: 1,
      out: "h1 added: qemu:///system (lost)\n",
      err: "h1 does not answer\nSwitch it on.\n",
    });
  });
});

describe("host add --local", () => {
  it("adds what answers and is not there, falls back to the session where it is not permitted, and says the rest", async () => {
    const hosts: { id: string; name: string; uri: string }[] = [];
    await using server = await fixtureServer({
      hostList: () => ({ items: hosts, total: hosts.length }),
      hostTest: ({ body }) => {
        const { uri } = body as { uri: string };
        if (uri === "qemu:///system") throw new FixtureProblem("hostAuthFailed", "access to the socket is denied");
        if (uri === "xen:///system") throw new FixtureProblem("hostRefused", "no driver for xen");
        return { hostname: "m1", hypervisor: "QEMU 7.2", vms: 2, features: {} };
      },
      hostAdd: ({ body }) => {
        const { uri, name } = body as { uri: string; name: string };
        const host = { ...aHost(), id: `h-${hosts.length}`, uri, name };
        hosts.push(host);
        return host;
      },
    });
    const first = await cli(server.url, "host", "add", "--local");
    expect([first.code, first.out]).toEqual([
      0,
      "qemu:///session: added as m1: QEMU 7.2, 2 VMs\nlxc:///: added as m1-lxc: QEMU 7.2, 2 VMs\nxen:///system: not added: no driver for xen\n",
    ]);
    const again = await cli(server.url, "host", "add", "--local");
    expect(again.code).toBe(0);
    expect(again.out).toContain("already there as m1");
    expect(server.of("hostAdd")).toHaveLength(2);
  });
});
