import { createHash, randomBytes } from "node:crypto";
import type { DatastoreFacts } from "@polyvisor/model";
import { expect } from "vitest";
import type { Check, Needs } from "./suite.ts";
import type { Workshop } from "./workshop.ts";

const MiB = 1024 ** 2;
const needs: Needs = { features: ["volume.manage", "datastore.list"], target: ["datastore"] };
const transfers: Needs = { features: ["volume.manage", "volume.transfer"], target: ["datastore"] };

async function store(workshop: Workshop): Promise<DatastoreFacts> {
  return (await workshop.hypervisor.inventory()).datastores.find((each) => each.name === workshop.target.datastore)!;
}

/** A raw volume of so many bytes, deleted after the test. */
async function volumeOf(workshop: Workshop, capacity: number): Promise<{ datastore: string; volume: string }> {
  const place = { datastore: workshop.target.datastore!, volume: workshop.name() };
  workshop.after(() => workshop.run({ verb: "volume.delete", ...place }));
  await workshop.run({ verb: "volume.create", ...place, capacity, format: "raw" });
  return place;
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function digest(stream: AsyncIterable<Uint8Array>): Promise<{ size: number; sha256: string }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest("hex") };
}

export function volumeTheme(check: Check): void {
  check("creates, resizes and deletes a volume, each once", needs, async (workshop) => {
    const { name: datastore } = await store(workshop);
    const volume = workshop.name();
    workshop.after(() => workshop.run({ verb: "volume.delete", datastore, volume }));
    const create = { verb: "volume.create", datastore, volume, capacity: 4 * MiB, format: "qcow2" } as const;
    const resize = { verb: "volume.resize", datastore, volume, capacity: 8 * MiB } as const;
    const remove = { verb: "volume.delete", datastore, volume } as const;
    const look = async () => (await store(workshop)).volumes.find((each) => each.name === volume);
    for (const [action, capacity] of [
      [create, 4 * MiB],
      [resize, 8 * MiB],
      [remove, undefined],
    ] as const) {
      if (workshop.target.cannot?.[action.verb]) continue;
      expect(await workshop.observe(action)).toBe("notDone");
      await workshop.run(action);
      expect(await workshop.observe(action)).toBe("done");
      expect(await workshop.run(action)).toMatchObject({ already: true });
      expect((await look())?.capacity).toBe(capacity);
    }
  });

  check("refuses a volume whose name is taken by another", needs, async (workshop) => {
    const { datastore, volume } = await volumeOf(workshop, MiB);
    await workshop.refused(workshop.run({ verb: "volume.create", datastore, volume, capacity: 2 * MiB, format: "raw" }), "nameTaken");
    expect((await store(workshop)).volumes.find((each) => each.name === volume)?.capacity).toBe(MiB);
  });

  check(
    "refuses a volume that does not fit",
    { ...needs, unless: (target) => (target.boundless ? "the datastore takes any size" : undefined) },
    async (workshop) => {
      const { name: datastore } = await store(workshop);
      const volume = workshop.name();
      workshop.after(() => workshop.run({ verb: "volume.delete", datastore, volume }));
      // 2^52 bytes of raw disk: no file system that a test runs on has them.
      await workshop.refused(
        workshop.run({ verb: "volume.create", datastore, volume, capacity: 2 ** 52, format: "raw" }),
        "noSpace",
        "hypervisorFailed",
        "badRequest",
      );
      expect((await store(workshop)).volumes.map((each) => each.name)).not.toContain(volume);
    },
  );

  check("says what is not there", { features: ["volume.manage", "volume.transfer"], target: ["datastore"] }, async (workshop) => {
    const datastore = workshop.target.datastore!;
    await workshop.refused(workshop.run({ verb: "volume.create", datastore: "there-is-none", volume: "a", capacity: MiB }), "notFound");
    await workshop.refused(workshop.run({ verb: "volume.resize", datastore, volume: "there-is-none", capacity: MiB }), "notFound");
    await workshop.refused(workshop.hypervisor.readVolume(datastore, "there-is-none").then(digest), "notFound");
    await workshop.refused(workshop.hypervisor.writeVolume(datastore, "there-is-none", pieces(new Uint8Array(1), 1), 1), "notFound");
  });

  check("gives back the bytes that were written, whatever the pieces", transfers, async (workshop) => {
    const { datastore, volume } = await volumeOf(workshop, 3 * MiB);
    const bytes = randomBytes(3 * MiB);
    bytes.fill(0, 70_000, 900_000); // holes are bytes too
    for (const size of [777, 65_536, 3 * MiB]) {
      await workshop.hypervisor.writeVolume(datastore, volume, pieces(bytes, size), bytes.length);
      const read = await digest(await workshop.hypervisor.readVolume(datastore, volume));
      expect(read).toEqual({ size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
      bytes.reverse();
    }
  });

  check("copies a volume", transfers, async (workshop) => {
    const { datastore, volume } = await volumeOf(workshop, MiB);
    const bytes = randomBytes(MiB);
    await workshop.hypervisor.writeVolume(datastore, volume, pieces(bytes, 65_536), bytes.length);
    const copy = workshop.name();
    workshop.after(() => workshop.run({ verb: "volume.delete", datastore, volume: copy }));
    await workshop.run({ verb: "volume.create", datastore, volume: copy, capacity: MiB, format: "raw", from: volume });
    expect((await digest(await workshop.hypervisor.readVolume(datastore, copy))).sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  check("takes bytes no faster than it can keep them", transfers, async (workshop) => {
    const size = 16 * MiB;
    const { datastore, volume } = await volumeOf(workshop, size);
    let given = 0;
    let most = 0;
    let waiting = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      const piece = new Uint8Array(256 * 1024).fill(1);
      for (; given < size; given += piece.length) {
        most = Math.max(most, ++waiting);
        yield piece;
        waiting--;
      }
    }
    await workshop.hypervisor.writeVolume(datastore, volume, source(), size);
    expect({ given, most }).toEqual({ given: size, most: 1 });
  });

  check("refuses a transfer of another length than was said", transfers, async (workshop) => {
    const { datastore, volume } = await volumeOf(workshop, MiB);
    await workshop.refused(workshop.hypervisor.writeVolume(datastore, volume, pieces(new Uint8Array(1000), 100), 2000), "badRequest");
    await workshop.refused(workshop.hypervisor.writeVolume(datastore, volume, pieces(new Uint8Array(3000), 100), 2000), "badRequest");
  });

  check("stops a transfer when told to, and goes on with the next", transfers, async (workshop) => {
    const { datastore, volume } = await volumeOf(workshop, 4 * MiB);
    const stop = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let n = 0; ; n++) {
        if (n === 3) stop.abort();
        yield new Uint8Array(1024);
      }
    }
    await expect(workshop.hypervisor.writeVolume(datastore, volume, endless(), 4 * MiB, stop.signal)).rejects.toThrow();
    const half = new AbortController();
    const reading = (async () => {
      for await (const _ of await workshop.hypervisor.readVolume(datastore, volume, half.signal)) half.abort();
    })();
    await reading.catch(() => {});
    expect((await digest(await workshop.hypervisor.readVolume(datastore, volume))).size).toBe(4 * MiB);
  });
}
