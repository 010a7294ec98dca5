import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PrivateLibvirtd } from "../../../../tests/lab/privateLibvirtd.ts";
import { connect, constants, type Connection, type ConnectOptions } from "./index.ts";
import { until } from "./testing/fakeServer.ts";

let daemon: PrivateLibvirtd;
beforeAll(async () => {
  daemon = await PrivateLibvirtd.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());
const open = (uri = "test:///default", options: ConnectOptions = {}): Promise<Connection> => connect(uri, { socketPath: daemon.socket, ...options });

const domainXml = (name: string): string =>
  `<domain type="test"><name>${name}</name><memory unit="MiB">64</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>`;

describe("against libvirtd", () => {
  it("opens, lists, reads and changes the test driver's domains", async () => {
    await using conn = await open();
    const { domains } = await conn.call.connectListAllDomains({ needResults: 1 });
    expect(domains.map((each) => each.name)).toContain("test");
    const { dom } = await conn.call.domainDefineXml({ xml: domainXml("björn-1") });
    expect(dom).toMatchObject({ name: "björn-1", id: -1, uuid: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) });
    await conn.call.domainCreate({ dom });
    expect((await conn.call.domainGetInfo({ dom })).state).toBe(constants.VIR_DOMAIN_RUNNING);
    expect((await conn.call.domainLookupByUuid({ uuid: dom.uuid.toUpperCase() })).dom.name).toBe("björn-1");
    expect((await conn.call.domainGetXmlDesc({ dom })).xml).toContain("<memory unit='KiB'>65536</memory>");
    expect((await conn.call.nodeGetInfo()).cpus).toBeGreaterThan(0);
    const { retStats } = await conn.call.connectGetAllDomainStats({ doms: [dom], stats: 0 });
    expect(retStats[0]?.params["state.state"]).toBe(constants.VIR_DOMAIN_RUNNING);
    await conn.call.domainDestroy({ dom });
    await conn.call.domainUndefineFlags({ dom });
    await expect(conn.call.domainGetInfo({ dom })).rejects.toMatchObject({ codeName: "VIR_ERR_NO_DOMAIN", domainName: "VIR_FROM_TEST" });
  });

  it("opens QEMU in session mode and reads its capabilities", async () => {
    await using conn = await open("qemu:///session");
    expect((await conn.call.connectGetType()).type).toBe("QEMU");
    expect((await conn.call.connectGetCapabilities()).capabilities).toContain("<guest>");
    expect((await conn.call.connectGetLibVersion()).libVer).toBeGreaterThanOrEqual(9_000_000n);
  });

  it("hears of what another client does", async () => {
    await using watcher = await open();
    await using actor = await open();
    const seen: [string, number][] = [];
    watcher.events.subscribe("domainEventCallbackLifecycle", ({ msg }) => seen.push([msg.dom.name, msg.event]));
    const { callbackID } = await watcher.call.connectDomainEventCallbackRegisterAny({ eventID: constants.VIR_DOMAIN_EVENT_ID_LIFECYCLE });
    const { dom } = await actor.call.domainCreateXml({ xmlDesc: domainXml("short-lived") });
    await actor.call.domainDestroy({ dom });
    await until("three events", () => seen.length >= 2);
    expect(seen.slice(0, 2)).toEqual([
      ["short-lived", constants.VIR_DOMAIN_EVENT_STARTED],
      ["short-lived", constants.VIR_DOMAIN_EVENT_STOPPED],
    ]);
    await watcher.call.connectDomainEventCallbackDeregisterAny({ callbackID });
  });

  it("carries a thousand calls at once", async () => {
    await using conn = await open();
    const { domains } = await conn.call.connectListAllDomains({ needResults: 1 });
    const [dom] = domains;
    const all = await Promise.all(Array.from({ length: 1_000 }, () => conn.call.domainGetXmlDesc({ dom: dom as NonNullable<typeof dom> })));
    expect(new Set(all.map((each) => each.xml)).size).toBe(1);
    expect(conn.outstanding).toBe(0);
  });

  it("refuses changes over a read-only connection, and an unknown driver", async () => {
    await using conn = await open("test:///default", { readOnly: true });
    await expect(conn.call.domainDefineXml({ xml: domainXml("x") })).rejects.toMatchObject({ codeName: "VIR_ERR_OPERATION_DENIED" });
    await expect(open("nosuch:///")).rejects.toMatchObject({ name: "LibvirtError" });
    await expect(connect("test:///default", { socketPath: `${daemon.folder}/none` })).rejects.toMatchObject({ kind: "unreachable", errno: "ENOENT" });
    await expect(connect("test:///default", { socketPath: `${daemon.folder}/libvirtd.conf` })).rejects.toMatchObject({ name: "ConnectionError" });
    await expect(connect("test+tcp://127.0.0.1:1/default")).rejects.toMatchObject({ kind: "refused", errno: "ECONNREFUSED" });
    await expect(connect("test+tcp://no-such-host.invalid/default")).rejects.toMatchObject({ kind: "unreachable" });
  });

  it("leaves other calls alone when one is given up", async () => {
    await using conn = await open();
    const control = new AbortController();
    const given = conn.call.connectGetCapabilities({ signal: control.signal });
    const kept = conn.call.connectGetHostname();
    queueMicrotask(() => queueMicrotask(() => control.abort(new Error("not needed"))));
    await expect(given).rejects.toThrow("not needed");
    expect((await kept).hostname).not.toBe("");
    expect((await conn.call.connectGetUri()).uri).toBe("test:///default");
  });
});

describe("libvirtd killed or hung", () => {
  it("kind: killed in the middle of calls; they end at once, and a new daemon is reached", async () => {
    await using own = await PrivateLibvirtd.start();
    const conn = await connect("test:///default", { socketPath: own.socket, callTimeoutMs: 0 });
    await own.signal("SIGSTOP");
    const calls = Array.from({ length: 20 }, () => conn.call.connectGetCapabilities());
    const settled = Promise.allSettled(calls);
    await own.signal("SIGKILL");
    expect((await settled).map((each) => ((each as PromiseRejectedResult).reason as { kind: string }).kind)).toEqual(Array.from({ length: 20 }, () => "lost"));
    expect(await conn.closed).toMatchObject({ kind: "lost", message: expect.stringContaining(own.socket) });
    await expect(connect("test:///default", { socketPath: own.socket })).rejects.toMatchObject({ kind: "refused" });
    await own.run();
    await using again = await connect("test:///default", { socketPath: own.socket });
    expect((await again.call.connectGetType()).type).toBe("TEST");
  });

  it("kind: hung; calls end at their deadline, and keepalive ends the connection", async () => {
    await using own = await PrivateLibvirtd.start();
    await using conn = await connect("test:///default", { socketPath: own.socket, callTimeoutMs: 100, keepalive: { intervalMs: 200, count: 3 } });
    await own.signal("SIGSTOP");
    await expect(conn.call.connectGetHostname()).rejects.toMatchObject({ kind: "timeout" });
    expect(await conn.closed).toMatchObject({ kind: "dead" });
    await expect(connect("test:///default", { socketPath: own.socket, openTimeoutMs: 200 })).rejects.toMatchObject({ kind: "timeout" });
    await own.signal("SIGCONT");
  });

  it("keeps a connection that is idle for longer than keepalive takes, for libvirtd answers pings", async () => {
    await using conn = await open("test:///default", { keepalive: { intervalMs: 50, count: 10 } });
    const since = performance.now();
    await until("many intervals", () => performance.now() - since > 1_000);
    expect(conn.open).toBe(true);
    expect((await conn.call.connectGetType()).type).toBe("TEST");
  });
});
