import { describe, expect, it } from "vitest";
import { channelPair } from "../sim/console/pipe.ts";
import { challengeAnswer, unlockedScreen } from "./unlockedScreen.ts";

/** Reads exactly so many bytes, however they are cut. */
function taker(readable: AsyncIterable<Uint8Array>): (count: number) => Promise<Buffer> {
  const pieces = readable[Symbol.asyncIterator]();
  let held = Buffer.alloc(0);
  return async (count) => {
    while (held.length < count) {
      const next = await pieces.next();
      if (next.done) throw new Error(`ended after ${held.length} of ${count} bytes`);
      held = Buffer.concat([held, next.value]);
    }
    const taken = held.subarray(0, count);
    held = held.subarray(count);
    return taken;
  };
}

const challenge = Buffer.from(Array.from({ length: 16 }, (_, i) => i));

/** A screen that takes one password, then echoes. */
function screenWith(password: string) {
  const { channel, fromCaller, toCaller } = channelPair(() => undefined);
  const seen: Buffer[] = [];
  const work = async (): Promise<void> => {
    const take = taker(fromCaller);
    await toCaller.write(Buffer.from("RFB 003.008\n"));
    expect((await take(12)).toString()).toBe("RFB 003.008\n");
    await toCaller.write(Uint8Array.of(1, 2));
    expect([...(await take(1))]).toEqual([2]);
    await toCaller.write(challenge);
    const good = challengeAnswer(password, challenge).equals(await take(16));
    if (!good) {
      await toCaller.write(Buffer.from([0, 0, 0, 1, 0, 0, 0, 5, ...Buffer.from("wrong")]));
      return toCaller.end();
    }
    await toCaller.write(Uint8Array.of(0, 0, 0, 0));
    for (;;) {
      const byte = await take(1);
      seen.push(byte);
      await toCaller.write(byte);
    }
  };
  return { channel, seen, done: work().catch(() => undefined) };
}

describe("a screen with a password", () => {
  it("answers as the standard's own software does", () => {
    // Found by OpenSSL: echo 00112233445566778899aabbccddeeff | xxd -r -p | openssl enc -des-ecb -K c2ccec266eeed21e -nopad -provider legacy
    const answer = challengeAnswer("C37dvwKx", Buffer.from("00112233445566778899aabbccddeeff", "hex"));
    expect(answer.toString("hex")).toBe("5eeb18442bb7fd7a26606bd26c66a4d9");
    expect(challengeAnswer("C37dvwKxMORE", Buffer.from("00112233445566778899aabbccddeeff", "hex"))).toEqual(answer);
  });

  it("is signed in at here, and asks the viewer for none", async () => {
    const screen = screenWith("open it");
    const channel = await unlockedScreen(screen.channel, "open it", "a");
    const take = taker(channel.readable);
    expect((await take(12)).toString()).toBe("RFB 003.008\n");
    await channel.write(Buffer.from("RFB 003"));
    await channel.write(Buffer.from(".008\n"));
    expect([...(await take(2))]).toEqual([1, 1]);
    // All at once: the choice, the first message, and what a hasty viewer sends behind it.
    await channel.write(Uint8Array.of(1, 1, 42, 43));
    expect([...(await take(4))]).toEqual([0, 0, 0, 0]);
    expect([...(await take(3))]).toEqual([1, 42, 43]);
    await channel.write(Uint8Array.of(44));
    expect([...(await take(1))]).toEqual([44]);
    expect(Buffer.concat(screen.seen)).toEqual(Buffer.from([1, 42, 43, 44]));
    channel.close();
    await screen.done;
  });

  it("says why it does not let anybody in", async () => {
    const screen = screenWith("open it");
    await expect(unlockedScreen(screen.channel, "guessed", "web-1")).rejects.toMatchObject({
      code: "hypervisorFailed",
      detail: 'the screen of VM "web-1" does not let Polyvisor in: wrong',
    });
    await screen.done;
  });

  it("takes no flood from a viewer that is not in yet", async () => {
    const screen = screenWith("open it");
    const channel = await unlockedScreen(screen.channel, "open it", "a");
    await channel.write(new Uint8Array(60_000));
    await expect(channel.write(new Uint8Array(60_000))).rejects.toThrow("too much");
    channel.close();
    await screen.done;
  });
});
