import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PrivateLibvirtd } from "../../../../tests/lab/privateLibvirtd.ts";
import { connect, type Connection, type Domain } from "./index.ts";
import { until } from "./testing/fakeServer.ts";

/** Starts a guest whose emulator then hangs, as one on a dead file server does: calls to its monitor wait. */
async function hungGuest(daemon: PrivateLibvirtd, conn: Connection): Promise<{ dom: Domain; pid: number }> {
  const { dom } = await conn.call.domainCreateXml({
    xmlDesc: `<domain type="qemu"><name>hung</name><memory unit="MiB">16</memory><vcpu>1</vcpu><os><type arch="x86_64" machine="pc">hvm</type></os></domain>`,
  });
  const [file] = globSync("{run,cache}/**/hung.pid", { cwd: daemon.folder });
  const pid = Number(readFileSync(`${daemon.folder}/${file}`, "utf8"));
  process.kill(pid, "SIGSTOP");
  return { dom, pid };
}
const CONF = { keepalive_interval: 1, keepalive_count: 2 };
const SILENT_MS = 5_000;

describe("kind: guests hang and calls to them pile up", () => {
  it("the connection lives, quick calls are answered, and all end when the guests go on", async () => {
    await using daemon = await PrivateLibvirtd.start({ conf: CONF });
    await using conn = await connect("qemu:///session", { socketPath: daemon.socket, keepalive: { intervalMs: 500, count: 3 } });
    const { dom, pid } = await hungGuest(daemon, conn);
    try {
      const stuck = Promise.allSettled(Array.from({ length: 12 }, () => conn.call.qemuDomainMonitorCommand({ dom, cmd: "info version", flags: 1 })));
      const since = performance.now();
      while (performance.now() - since < SILENT_MS) {
        expect((await conn.call.domainGetInfo({ dom })).state).toBe(1);
        await new Promise((resolve) => {
          setTimeout(resolve, 100);
        });
      }
      expect(conn.open).toBe(true);
      process.kill(pid, "SIGCONT");
      expect((await stuck).map((each) => each.status)).toEqual(Array.from({ length: 12 }, () => "fulfilled"));
    } finally {
      process.kill(pid, "SIGKILL");
    }
  });

  it("with more of them under way than a server reads besides, the server itself gives the connection up", async () => {
    await using daemon = await PrivateLibvirtd.start({ conf: CONF });
    await using conn = await connect("qemu:///session", { socketPath: daemon.socket, slowCalls: 12 });
    const { dom, pid } = await hungGuest(daemon, conn);
    try {
      const stuck = Promise.allSettled(Array.from({ length: 12 }, () => conn.call.qemuDomainMonitorCommand({ dom, cmd: "info version", flags: 1 })));
      await until("the server's patience", () => !conn.open).catch(() => until("the server's patience", () => !conn.open));
      expect((await conn.closed).kind).toBe("lost");
      await stuck;
    } finally {
      process.kill(pid, "SIGKILL");
    }
  });
});
