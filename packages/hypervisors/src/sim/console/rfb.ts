import type { SimHost } from "../simHost.ts";
import type { SimVm } from "../simVm.ts";
import type { BytePipe } from "./pipe.ts";
import { drawScreen, screenHeight, screenWidth } from "./screen.ts";

/** How a client wants its pixels (RFC 6143, 7.4). */
interface PixelFormat {
  bits: number;
  bigEndian: boolean;
  max: [number, number, number];
  shift: [number, number, number];
}

const ownFormat: PixelFormat = { bits: 32, bigEndian: false, max: [255, 255, 255], shift: [16, 8, 0] };
const maxCutText = 256 * 1024;
const maxEncodings = 1024;
const maxTyped = 200;

/** Bytes of the client, taken by count; ends with undefined when the client has gone. */
class Reader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #buffer = Buffer.alloc(0);
  constructor(input: BytePipe) {
    this.#chunks = input[Symbol.asyncIterator]();
  }
  async take(count: number): Promise<Buffer> {
    while (this.#buffer.length < count) {
      const next = await this.#chunks.next();
      if (next.done) throw new Error("the client has gone");
      this.#buffer = Buffer.concat([this.#buffer, next.value]);
    }
    const taken = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return taken;
  }
  /** Takes bytes without keeping them. */
  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) left -= (await this.take(Math.min(left, 65_536))).length;
  }
}

/**
 * A minimal RFB 3.8 server (RFC 6143): no security, the Raw encoding, keys typed onto the screen. It sends the
 * whole screen when asked; to an incremental request it answers when something changed or a second has passed.
 */
export async function serveRfb(host: SimHost, vm: SimVm, input: BytePipe, output: BytePipe): Promise<void> {
  const reader = new Reader(input);
  try {
    await greet(vm, reader, output);
    await serve(host, vm, reader, output);
  } catch {
    // The client has gone, or did not speak RFB: the channel closes.
  } finally {
    output.end();
    await output.drained();
  }
}

async function greet(vm: SimVm, reader: Reader, output: BytePipe): Promise<void> {
  await output.write(Buffer.from("RFB 003.008\n", "latin1"));
  const version = (await reader.take(12)).toString("latin1");
  const minor = /^RFB 003\.(003|007|008)\n$/.exec(version)?.[1];
  if (minor === undefined) throw new Error("not RFB 3");
  if (minor === "003") await output.write(Uint8Array.of(0, 0, 0, 1)); // 3.3: the server decides
  else {
    await output.write(Uint8Array.of(1, 1)); // one type of security: None
    const [chosen] = await reader.take(1);
    if (chosen !== 1) {
      const reason = Buffer.from("only the security type None is offered", "latin1");
      const length = Buffer.alloc(4);
      length.writeUInt32BE(reason.length);
      await output.write(Buffer.concat([Uint8Array.of(0, 0, 0, 1), ...(minor === "008" ? [length, reason] : [])]));
      throw new Error("security refused");
    }
    if (minor === "008") await output.write(Uint8Array.of(0, 0, 0, 0)); // SecurityResult
  }
  await reader.take(1); // ClientInit: shared or not is the same here
  const name = Buffer.from(vm.name, "utf8");
  const init = Buffer.alloc(24);
  init.writeUInt16BE(screenWidth, 0);
  init.writeUInt16BE(screenHeight, 2);
  init.set([32, 24, 0, 1], 4);
  for (let i = 0; i < 3; i++) init.writeUInt16BE(255, 8 + 2 * i);
  init.set(ownFormat.shift, 14);
  init.writeUInt32BE(name.length, 20);
  await output.write(Buffer.concat([init, name]));
}

async function serve(host: SimHost, vm: SimVm, reader: Reader, output: BytePipe): Promise<void> {
  let format = ownFormat;
  let typed = "";
  let sent = "";
  let wanted = false;
  let takeBack: (() => void) | undefined;
  const { schedule } = host.world;

  const update = async (): Promise<void> => {
    if (!wanted) return;
    wanted = false;
    takeBack?.();
    sent = `${typed}${vm.state}${Math.floor(schedule.now() / 1000)}`;
    await output.write(encode(drawScreen(vm, schedule.now(), typed).pixels, format));
  };
  /** An incremental request waits until the clock on the screen has moved. */
  const later = (): void => {
    takeBack?.();
    takeBack = schedule.after(1000, () => void update().catch(() => {}), true);
  };

  try {
    while (vm.live !== undefined) {
      const [type] = await reader.take(1);
      if (vm.live === undefined) return;
      switch (type) {
        case 0:
          format = readFormat((await reader.take(19)).subarray(3));
          break;
        case 2: {
          const count = (await reader.take(3)).readUInt16BE(1);
          if (count > maxEncodings) throw new Error("too many encodings");
          await reader.skip(count * 4);
          break;
        }
        case 3: {
          const [incremental] = await reader.take(9);
          wanted = true;
          if (!incremental || sent !== `${typed}${vm.state}${Math.floor(schedule.now() / 1000)}`) await update();
          else later();
          break;
        }
        case 4: {
          const key = await reader.take(7);
          if (key[0] === 1) typed = typeKey(typed, key.readUInt32BE(3));
          await update();
          break;
        }
        case 5:
          await reader.take(5);
          break;
        case 6: {
          const length = (await reader.take(7)).readUInt32BE(3);
          if (length > maxCutText) throw new Error("too long a text");
          await reader.skip(length);
          break;
        }
        default:
          throw new Error(`message ${type} is unknown`);
      }
    }
  } finally {
    takeBack?.();
  }
}

/** What a key does to the line: X11 keysyms of Latin 1 are their characters. */
function typeKey(typed: string, keysym: number): string {
  if (keysym === 0xff08) return typed.slice(0, -1);
  if (keysym === 0xff0d) return "";
  return keysym >= 0x20 && keysym <= 0x7e ? (typed + String.fromCharCode(keysym)).slice(-maxTyped) : typed;
}

function readFormat(bytes: Buffer): PixelFormat {
  const bits = bytes[0]!;
  if ((bits !== 8 && bits !== 16 && bits !== 32) || bytes[3] === 0) throw new Error("only true colour of 8, 16 or 32 bits");
  const shift: [number, number, number] = [bytes[10]!, bytes[11]!, bytes[12]!];
  if (shift.some((each) => each > 31)) throw new Error("a shift out of range");
  return { bits, bigEndian: bytes[2] !== 0, max: [bytes.readUInt16BE(4), bytes.readUInt16BE(6), bytes.readUInt16BE(8)], shift };
}

/** A FramebufferUpdate of the whole screen, Raw. */
function encode(pixels: Uint8Array, format: PixelFormat): Buffer {
  const bytes = format.bits / 8;
  const out = Buffer.alloc(16 + screenWidth * screenHeight * bytes);
  out.writeUInt16BE(1, 2); // one rectangle at 0,0
  out.writeUInt16BE(screenWidth, 8);
  out.writeUInt16BE(screenHeight, 10);
  let at = 16;
  for (let i = 0; i < pixels.length; i += 3, at += bytes) {
    let value = 0;
    for (let c = 0; c < 3; c++) value |= Math.round((pixels[i + c]! * format.max[c]!) / 255) << format.shift[c]!;
    value >>>= 0;
    if (bytes === 1) out[at] = value & 255;
    else if (bytes === 2 && format.bigEndian) out.writeUInt16BE(value & 0xffff, at);
    else if (bytes === 2) out.writeUInt16LE(value & 0xffff, at);
    else if (format.bigEndian) out.writeUInt32BE(value, at);
    else out.writeUInt32LE(value, at);
  }
  return out;
}
