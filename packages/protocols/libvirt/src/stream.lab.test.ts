import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAuthority } from "../../../../tests/lab/certificates.ts";
import { PrivateSshd } from "../../../../tests/lab/privateSshd.ts";
import { PrivateLibvirtd } from "../../../../tests/lab/privateLibvirtd.ts";
import { connect, constants, type Connection, type StoragePool, type StorageVol } from "./index.ts";

const MIB = 1_048_576;
let daemon: PrivateLibvirtd;
let conn: Connection;
let pool: StoragePool;
beforeAll(async () => {
  daemon = await PrivateLibvirtd.start();
  conn = await connect("qemu:///session", { socketPath: daemon.socket });
  pool = (await conn.call.storagePoolCreateXml({ xml: `<pool type="dir"><name>disks</name><target><path>${daemon.folder}/data</path></target></pool>` })).pool;
});
afterAll(async () => {
  await conn?.close();
  await daemon?.[Symbol.asyncDispose]();
});

async function volume(name: string, bytes: number): Promise<StorageVol> {
  return (
    await conn.call.storageVolCreateXml({
      pool,
      xml: `<volume><name>${name}</name><capacity unit="bytes">${bytes}</capacity><allocation>0</allocation><target><format type="raw"/></target></volume>`,
    })
  ).vol;
}
const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Uploads in odd pieces and reads back, comparing what came. */
async function roundTrip(over: Connection, vol: StorageVol, content: Buffer): Promise<void> {
  const up = await over.call.storageVolUpload({ vol, offset: 0n, length: BigInt(content.length) });
  for (let at = 0, piece = 1; at < content.length; piece = (piece * 7) % 500_009) {
    await up.stream.write(content.subarray(at, at + piece));
    at += piece;
  }
  await up.stream.finish();
  const down = await over.call.storageVolDownload({ vol, offset: 0n, length: BigInt(content.length) });
  const digest = createHash("sha256");
  let total = 0;
  for await (const part of down.stream) {
    digest.update(part);
    total += part.length;
  }
  await down.stream.finish();
  expect([total, digest.digest("hex")]).toEqual([content.length, hash(content)]);
}

describe("volume streams of libvirtd", () => {
  it("carry bytes up and down unchanged, over an ordinary and a bulk connection, while calls go on", async () => {
    const content = randomBytes(24 * MIB + 17);
    const vol = await volume("up-down", content.length);
    await using bulk = await conn.dedicated();
    const transfer = roundTrip(bulk, vol, content);
    for (let i = 0; i < 50; i++) expect((await conn.call.connectGetType()).type).toBe("QEMU");
    await transfer;
    await roundTrip(conn, vol, content.subarray(0, 3 * MIB + 5));
  });

  it("wait for a slow reader on a bulk connection with a small bound, and lose nothing", async () => {
    const content = randomBytes(12 * MIB);
    const vol = await volume("slow", content.length);
    await using bulk = await conn.dedicated();
    await roundTrip(bulk, vol, content);
    const { stream } = await bulk.call.storageVolDownload({ vol, offset: 0n, length: 0n }, { streamBufferBytes: 300_000 });
    const digest = createHash("sha256");
    for await (const part of stream) {
      digest.update(part);
      expect(stream.bufferedBytes).toBeLessThan(2 * MIB);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    await stream.finish();
    expect(digest.digest("hex")).toBe(hash(content));
  });

  it("show a sparse volume's gaps without sending them", async () => {
    const vol = await volume("sparse", 64 * MIB);
    const up = await conn.call.storageVolUpload({ vol, offset: 0n, length: 0n, flags: constants.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM });
    await up.stream.write(Buffer.alloc(MIB, 0xaa));
    await up.stream.writeHole(BigInt(62 * MIB));
    await up.stream.write(Buffer.alloc(MIB, 0xbb));
    await up.stream.finish();
    const down = await conn.call.storageVolDownload({ vol, offset: 0n, length: 0n, flags: constants.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM });
    let data = 0;
    let gaps = 0n;
    for (let part = await down.stream.readSparse(); part !== undefined; part = await down.stream.readSparse()) {
      if (part instanceof Uint8Array) data += part.length;
      else gaps += part.hole;
    }
    await down.stream.finish();
    expect([data, gaps]).toEqual([2 * MIB, BigInt(62 * MIB)]);
  });

  it("end with libvirt's error, and leave the connection usable", async () => {
    const vol = await volume("small", 4096);
    await expect(conn.call.storageVolDownload({ vol: { ...vol, key: `${vol.key}-gone`, name: "gone" }, offset: 0n, length: 0n })).rejects.toMatchObject({
      codeName: "VIR_ERR_NO_STORAGE_VOL",
    });
    const up = await conn.call.storageVolUpload({ vol, offset: 0n, length: 10n });
    const writing = (async () => {
      for (let i = 0; i < 1_000; i++) await up.stream.write(Buffer.alloc(100_000, 1));
      await up.stream.finish();
    })();
    await expect(writing).rejects.toMatchObject({ name: "LibvirtError", procedure: "storageVolUpload" });
    expect((await conn.call.connectGetType()).type).toBe("QEMU");
  });

  it("are carried by TLS, too", async () => {
    using authority = new TestAuthority();
    await using own = await PrivateLibvirtd.start({
      listen: "tls",
      tls: { ca: authority.cert, ...authority.issue("localhost", "serverAuth", ["DNS:localhost"]) },
    });
    const uri = `qemu+tls://localhost:${own.port}/session`;
    await using over = await connect(uri, { tls: { ca: authority.cert, ...authority.issue("console", "clientAuth") } });
    const made = await over.call.storagePoolCreateXml({ xml: `<pool type="dir"><name>tls</name><target><path>${own.folder}/data</path></target></pool>` });
    const content = randomBytes(5 * MIB + 3);
    const { vol } = await over.call.storageVolCreateXml({ pool: made.pool, xml: `<volume><name>v</name><capacity>${content.length}</capacity></volume>` });
    await roundTrip(over, vol, content);
  });

  it.each(["auto", "netcat"])("are carried by SSH (%s), and held back by a slow reader there", async (proxy) => {
    await using sshd = await PrivateSshd.start();
    const ssh = { agent: "", privateKeys: [readFileSync(sshd.keyFile, "utf8")], knownHosts: sshd.knownHosts() };
    await using over = await connect(`qemu+ssh://${sshd.user}@127.0.0.1:${sshd.port}/session?socket=${daemon.socket}&proxy=${proxy}`, { ssh, bulk: true });
    const content = randomBytes(9 * MIB + 1);
    const vol = await volume(`ssh-${proxy}`, content.length);
    await roundTrip(over, vol, content);
    const { stream } = await over.call.storageVolDownload({ vol, offset: 0n, length: 0n }, { streamBufferBytes: 300_000 });
    const digest = createHash("sha256");
    for await (const part of stream) {
      digest.update(part);
      expect(stream.bufferedBytes).toBeLessThan(3 * MIB);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    expect(digest.digest("hex")).toBe(hash(content));
  });
});

/**
 * A boot sector of our own: says `!` on the first serial port, then sends back what it gets.
 * mov dx,3f8; mov al,'!'; out dx,al; loop: mov dx,3fd; wait: in al,dx; test al,1; jz wait; mov dx,3f8; in al,dx; out dx,al; jmp loop
 */
const ECHO = Buffer.alloc(512);
ECHO.set([0xba, 0xf8, 0x03, 0xb0, 0x21, 0xee, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xfb, 0xba, 0xf8, 0x03, 0xec, 0xee, 0xeb, 0xf1]);
ECHO.set([0x55, 0xaa], 510);

describe("console stream of a running QEMU guest", () => {
  it("reads and writes, and ends when the guest does", async () => {
    const disk = daemon.file("data/echo.img", ECHO);
    const { dom } = await conn.call.domainCreateXml({
      flags: constants.VIR_DOMAIN_START_PAUSED,
      xmlDesc: `<domain type="qemu"><name>echo</name><memory unit="MiB">32</memory><vcpu>1</vcpu>
      <os><type arch="x86_64" machine="pc">hvm</type></os><devices><disk type="file"><driver name="qemu" type="raw"/><source file="${disk}"/><target dev="hda"/></disk>
      <serial type="pty"><target port="0"/></serial><console type="pty"><target type="serial" port="0"/></console></devices></domain>`,
    });
    const { stream } = await conn.call.domainOpenConsole({ dom });
    await conn.call.domainResume({ dom });
    let seen = "";
    const expectText = async (text: string): Promise<void> => {
      while (!seen.includes(text)) {
        const part = await stream.read();
        if (part === undefined) throw new Error(`the console ended after ${JSON.stringify(seen)}`);
        seen += Buffer.from(part).toString("latin1");
      }
    };
    await expectText("!");
    for (const line of ["hello", "wörld"]) {
      const bytes = Buffer.from(line, "latin1");
      for (const byte of bytes) {
        // the UART holds one byte: wait for each echo
        await stream.write(Uint8Array.of(byte));
        seen = "";
        await expectText(String.fromCharCode(byte));
      }
    }
    await conn.call.domainDestroy({ dom });
    expect(
      await (async () => {
        for (;;) {
          const part = await stream.read();
          if (part === undefined) return "end";
        }
      })().catch((error: Error) => error.name),
    ).toMatch(/^(end|LibvirtError)$/);
    expect((await conn.call.connectGetType()).type).toBe("QEMU");
  });
});
