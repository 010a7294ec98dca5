import { createCipheriv } from "node:crypto";
import { PolyvisorError } from "@polyvisor/model";
import type { ByteChannel } from "../hypervisor.ts";

/** Security types of RFB (RFC 6143 section 7.1.2). */
const [none, vncAuthentication] = [1, 2];
/** Longest word that a screen may say about why it refuses. */
const longestReason = 4096;
/** Most bytes that a viewer may send before it is let in; it has to say some 14. */
const mostEarly = 64 * 1024;

/** Takes bytes by count from what comes in pieces; the rest stays. */
class Taker {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);
  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }
  async take(count: number): Promise<Buffer> {
    while (this.#held.length < count) {
      const { done, value } = await this.#pieces.next();
      if (done) throw new Error("it hung up");
      this.#held = Buffer.concat([this.#held, value]);
    }
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }
  /** What has come already and is not taken. */
  held(): Buffer {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    return held;
  }
  /** Everything that is not taken. */
  async *rest(): AsyncGenerator<Uint8Array> {
    if (this.#held.length > 0) yield this.#held;
    for (let next = await this.#pieces.next(); !next.done; next = await this.#pieces.next()) yield next.value;
  }
}

/** The answer to a challenge: DES with the bits of each byte of the password the other way round (RFC 6143 section 7.2.2). */
export function challengeAnswer(password: string, challenge: Uint8Array): Buffer {
  const key = Buffer.alloc(8);
  for (const [i, byte] of Buffer.from(password, "utf8").subarray(0, 8).entries())
    for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) key[i]! |= 0x80 >> bit;
  // Three times the same key is DES itself, which the library has under no other name.
  const cipher = createCipheriv("des-ede3-ecb", Buffer.concat([key, key, key]), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}

async function signIn(screen: ByteChannel, from: Taker, password: string, name: string): Promise<void> {
  const refused = (why: string): PolyvisorError =>
    new PolyvisorError("hypervisorFailed", {
      detail: `the screen of VM "${name}" does not let Polyvisor in: ${why}`,
      remedy: "Check its graphics password and until when that is valid.",
    });
  const why = async (): Promise<string> => {
    const length = (await from.take(4)).readUInt32BE();
    return length > longestReason ? "it gave no reason" : (await from.take(length)).toString("utf8");
  };
  const version = /^RFB 003\.(\d{3})\n$/.exec((await from.take(12)).toString("latin1"))?.[1];
  if (version === undefined) throw refused("it does not speak RFB");
  if (Number(version) < 7) throw refused(`it speaks RFB 3.${Number(version)}, and 3.7 or later is needed`);
  const minor = Number(version) >= 8 ? 8 : 7;
  await screen.write(Buffer.from(`RFB 003.00${minor}\n`));
  const count = (await from.take(1))[0]!;
  if (count === 0) throw refused(await why());
  const offered = [...(await from.take(count))];
  const type = offered.includes(vncAuthentication) ? vncAuthentication : offered.includes(none) ? none : undefined;
  if (type === undefined) throw refused("it asks for more than a password");
  await screen.write(Uint8Array.of(type));
  if (type === vncAuthentication) await screen.write(challengeAnswer(password, await from.take(16)));
  if (type === none && minor < 8) return;
  if ((await from.take(4)).readUInt32BE() !== 0) throw refused(minor >= 8 ? await why() : "the password is wrong");
}

/**
 * Signs in at a screen by its password, and gives a channel on which the screen asks for none: the password stays here.
 * @throws PolyvisorError where the screen does not let it in
 */
export async function unlockedScreen(screen: ByteChannel, password: string, name: string): Promise<ByteChannel> {
  const from = new Taker(screen.readable);
  await signIn(screen, from, password, name).catch((error: unknown) => {
    screen.close();
    throw error instanceof PolyvisorError
      ? error
      : new PolyvisorError("hypervisorFailed", { detail: `the screen of VM "${name}" broke off while Polyvisor signed in`, cause: error });
  });

  // What the viewer says until it is in; then everything goes to the screen.
  let hear: ((chunk: Uint8Array | undefined) => void) | undefined;
  let waiting: Uint8Array[] | undefined = [];
  let early = 0;
  async function* viewer(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = waiting!.shift() ?? (await new Promise<Uint8Array | undefined>((resolve) => (hear = resolve)));
      if (!chunk) return;
      yield chunk;
    }
  }
  async function* greeted(): AsyncGenerator<Uint8Array> {
    const said = new Taker(viewer());
    yield Buffer.from("RFB 003.008\n");
    const minor = Number((await said.take(12)).toString("latin1").slice(8, 11));
    if (minor >= 7) {
      yield Uint8Array.of(1, none);
      if ((await said.take(1))[0] !== none) throw new Error("a viewer chose what was not offered");
      if (minor >= 8) yield Uint8Array.of(0, 0, 0, 0);
    } else yield Uint8Array.of(0, 0, 0, none);
    await screen.write(await said.take(1));
    await screen.write(said.held());
    for (let chunk = waiting!.shift(); chunk; chunk = waiting!.shift()) await screen.write(chunk);
    waiting = undefined;
    yield* from.rest();
  }
  return {
    readable: greeted(),
    async write(chunk) {
      if (waiting === undefined) return screen.write(chunk);
      const heard = hear;
      hear = undefined;
      if (heard) return heard(chunk);
      early += chunk.length;
      if (early > mostEarly) throw new Error("a viewer said too much before it was let in");
      waiting.push(chunk);
    },
    finish: () => screen.finish(),
    close() {
      hear?.(undefined);
      screen.close();
    },
  };
}
