import { inflateSync } from "node:zlib";
import { actionSchema } from "@polyvisor/model";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { ByteChannel, Hypervisor } from "../../hypervisor.ts";
import { simKind } from "../simKind.ts";
import { simWorld } from "../simWorld.ts";
import { BytePipe } from "./pipe.ts";

const estate = "consoles";
afterEach(() => simWorld(estate).reset());

async function guest(): Promise<{ hypervisor: Hypervisor; vm: string }> {
  const hypervisor = await simKind.connect(new URL(`sim://${estate}/host-0001?vms=30&seed=2`), {
    signal: new AbortController().signal,
    openTimeoutMs: 500,
    callTimeoutMs: 1000,
  });
  const vm = (await hypervisor.inventory()).vms.find((each) => each.state === "running" && each.consoles.length === 2)!.nativeId;
  return { hypervisor, vm };
}

/** Takes bytes of a channel by count or up to a text; fails when the channel ends before. */
class Taker {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #buffer = Buffer.alloc(0);
  constructor(channel: ByteChannel) {
    this.#chunks = channel.readable[Symbol.asyncIterator]();
  }
  async #more(): Promise<void> {
    const next = await this.#chunks.next();
    if (next.done) throw new Error("the channel ended");
    this.#buffer = Buffer.concat([this.#buffer, next.value]);
  }
  async take(count: number): Promise<Buffer> {
    while (this.#buffer.length < count) await this.#more();
    const taken = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return taken;
  }
  async upTo(text: string): Promise<string> {
    while (!this.#buffer.includes(text)) await this.#more();
    return (await this.take(this.#buffer.indexOf(text) + Buffer.byteLength(text))).toString();
  }
  async rest(): Promise<string> {
    try {
      for (;;) await this.#more();
    } catch {
      return this.#buffer.toString();
    }
  }
}

describe("the text console", () => {
  it("is a small shell that echoes, edits its line and ignores cursor keys", async () => {
    const { hypervisor, vm } = await guest();
    const channel = await hypervisor.console(vm, { kind: "text" });
    const taker = new Taker(channel);
    expect(await taker.upTo("# ")).toContain("Type help.");
    await channel.write(Buffer.from("echo caffé\x7f\x7fx\x1b[A\x1b[15~ y\r"));
    expect(await taker.upTo("cafx y\r\n")).toContain("echo");
    await taker.upTo("# ");
    await channel.write(Buffer.from("help\ruptime\rfree\rip\rfly\r"));
    expect(await taker.upTo("no such command")).toMatch(/poweroff[\s\S]*up \d+[\s\S]*memory \d+[\s\S]*10\.\d+\.\d+\.\d+/);
    channel.close();
    expect(await taker.rest()).not.toContain("\x1b");
  });

  it("powers the guest off, says so, and ends", async () => {
    const { hypervisor, vm } = await guest();
    const channel = await hypervisor.console(vm, { kind: "text" });
    await channel.write(Buffer.from("poweroff\r"));
    expect(await new Taker(channel).rest()).toContain("going down");
    expect((await hypervisor.inventory()).vms.find((each) => each.nativeId === vm)!.state).toBe("off");
  });

  it("bears any bytes", async () => {
    const { hypervisor, vm } = await guest();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        const channel = await hypervisor.console(vm, { kind: "text", force: true });
        const taker = new Taker(channel);
        await taker.upTo("# ");
        await channel.write(bytes.map((byte) => (byte === 0x1b ? 0x20 : byte)));
        await channel.write(Buffer.from("\x03echo still here\r"));
        await taker.upTo("\r\nstill here\r\n");
        channel.close();
      }),
      { numRuns: 30 },
    );
  });
});

describe("the graphical console", () => {
  async function greeted(): Promise<{ channel: ByteChannel; taker: Taker; width: number; height: number }> {
    const { hypervisor, vm } = await guest();
    const channel = await hypervisor.console(vm, { kind: "graphical" });
    const taker = new Taker(channel);
    expect((await taker.take(12)).toString()).toBe("RFB 003.008\n");
    await channel.write(Buffer.from("RFB 003.008\n"));
    expect([...(await taker.take(2))]).toEqual([1, 1]);
    await channel.write(Uint8Array.of(1));
    expect([...(await taker.take(4))]).toEqual([0, 0, 0, 0]);
    await channel.write(Uint8Array.of(1));
    const init = await taker.take(24);
    expect((await taker.take(init.readUInt32BE(20))).toString()).toMatch(/^vm-\d{6}$/);
    return { channel, taker, width: init.readUInt16BE(0), height: init.readUInt16BE(2) };
  }
  const request = (incremental: number, width: number, height: number): Buffer =>
    Buffer.from([3, incremental, 0, 0, 0, 0, width >> 8, width & 255, height >> 8, height & 255]);
  async function picture(taker: Taker, width: number, height: number, bytes: number): Promise<Buffer> {
    const head = await taker.take(16);
    expect([head[0], head.readUInt16BE(2), head.readUInt16BE(8), head.readUInt16BE(10), head.readInt32BE(12)]).toEqual([0, 1, width, height, 0]);
    return taker.take(width * height * bytes);
  }

  it("draws the screen in the pixels that the client wants, and what is typed", async () => {
    const { channel, taker, width, height } = await greeted();
    await channel.write(Buffer.from([2, 0, 0, 2, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x21])); // SetEncodings: Raw, Cursor
    await channel.write(request(0, width, height));
    const first = await picture(taker, width, height, 4);
    expect(new Set(Array.from({ length: width * height }, (_, i) => first.readUInt32LE(i * 4))).size).toBe(2);
    await channel.write(request(1, width, height));
    await channel.write(Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x41])); // the key A goes down
    const typed = await picture(taker, width, height, 4);
    expect(typed.equals(first)).toBe(false);
    await channel.write(Buffer.from([0, 0, 0, 0, 16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0])); // SetPixelFormat: 16 bits, big endian
    await channel.write(Buffer.concat([Buffer.from([5, 0, 0, 1, 0, 1]), Buffer.from([6, 0, 0, 0, 0, 0, 0, 3]), Buffer.from("abc"), request(0, width, height)]));
    const small = await picture(taker, width, height, 2);
    expect(small.readUInt16BE(0)).not.toBe(small.readUInt16LE(0));
    channel.close();
  });

  it("ends the channel on what is no RFB, and reads no more than it bounds", async () => {
    for (const junk of [Buffer.from("GET / HTTP/1"), Buffer.from("RFB 999.999\n")]) {
      const { hypervisor, vm } = await guest();
      const channel = await hypervisor.console(vm, { kind: "graphical" });
      await channel.write(junk);
      expect(await new Taker(channel).rest()).toBe("RFB 003.008\n");
    }
    for (const message of [
      [6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
      [2, 0, 0xff, 0xff],
      [99],
      [0, 0, 0, 0, 24, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 200, 0, 0, 0, 0, 0],
    ]) {
      const { channel, taker } = await greeted();
      await channel.write(Buffer.from(message));
      expect(await taker.rest()).toBe("");
    }
  });

  it("bears any bytes after the greeting", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const { channel, taker } = await greeted();
        await channel.write(bytes).catch(() => {});
        await channel.finish();
        await taker.rest();
      }),
      { numRuns: 20 },
    );
  });

  it("shows the same as the screenshot, which is a whole PNG", async () => {
    const { hypervisor, vm } = await guest();
    const { type, bytes } = await hypervisor.screenshot(vm);
    expect(type).toBe("image/png");
    const png = Buffer.from(bytes);
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
    const length = png.readUInt32BE(33);
    expect(png.toString("latin1", 37, 41)).toBe("IDAT");
    expect(inflateSync(png.subarray(41, 41 + length)).length).toBe((width * 3 + 1) * height);
    expect(png.subarray(-8).toString("hex")).toBe("49454e44ae426082");
  });

  it("is not there on a VM without a screen", async () => {
    const { hypervisor } = await guest();
    const vm = "00000000-0000-4000-8000-000000000001";
    const run = (action: unknown) => hypervisor.run(actionSchema.parse(action), { signal: new AbortController().signal, progress: () => {} });
    await run({ verb: "vm.create", vm, spec: { name: "blind", graphics: "none" } });
    await run({ verb: "vm.start", vm });
    await expect(hypervisor.console(vm, { kind: "graphical" })).rejects.toMatchObject({ code: "notFound" });
    await expect(hypervisor.console(vm, { kind: "text", alias: "serial9" })).rejects.toMatchObject({ code: "notFound" });
    await expect(hypervisor.screenshot(vm)).rejects.toMatchObject({ code: "notSupported" });
  });
});

describe("a pipe", () => {
  it("makes the writer wait for the reader, and keeps the order", async () => {
    const pipe = new BytePipe();
    let written = 0;
    const writing = (async () => {
      for (let i = 0; i < 20; i++) {
        await pipe.write(new Uint8Array(64 * 1024).fill(i));
        written++;
      }
      pipe.end();
    })();
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBeLessThan(6);
    let read = 0;
    for await (const chunk of pipe) expect(chunk[0]).toBe(read++);
    await writing;
    expect([written, read]).toEqual([20, 20]);
  });

  it("frees a waiting writer when it breaks", async () => {
    const pipe = new BytePipe();
    const write = expect(pipe.write(new Uint8Array(1024 ** 2))).rejects.toThrow("closed");
    pipe.break();
    await write;
  });
});
