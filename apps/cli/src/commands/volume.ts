import { createReadStream, createWriteStream, existsSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Datastore, Volume } from "@polyvisor/model";
import { carryOut, change, tellOutcome } from "../change.ts";
import type { Context, Run } from "../command.ts";
import { sizeOf } from "../diskWords.ts";
import { exitCodes } from "../exitCode.ts";
import { CliFailure, interrupted, usageFailure } from "../failure.ts";
import { listAll, showList } from "../listing.ts";
import { bytesText, durationText } from "../output/quantity.ts";
import type { Column } from "../output/table.ts";

/** What is shown of a volume. */
export const volumeColumns: Column<Volume>[] = [
  { title: "VOLUME", text: (volume) => volume.name, whole: true },
  { title: "FORMAT", text: (volume) => volume.format },
  { title: "CAPACITY", text: (volume) => bytesText(volume.capacity), figures: true },
  { title: "ALLOCATED", text: (volume) => bytesText(volume.allocation), figures: true },
  { title: "PATH", text: (volume) => volume.path },
];

/** `volume list [DATASTORE]`. */
export const list: Run = async (context) => {
  const client = await context.client();
  const named = context.words[0];
  const stores: Datastore[] =
    named === undefined ? await listAll(client, "datastoreList", { sort: "name" }) : [await client.call("datastoreGet", { params: { id: named } })];
  const rows = stores.flatMap((store) => store.volumes.map((volume) => ({ ...volume, datastore: store.name })));
  await showList(
    context,
    rows,
    [...(named === undefined ? [{ title: "DATASTORE", text: (row: (typeof rows)[number]) => row.datastore }] : []), ...volumeColumns],
    { name: (row) => row.name, empty: "There are no volumes." },
  );
};

/** `volume create DATASTORE NAME SIZE`. */
export const create: Run = (context) => {
  const [datastore, volume, size] = context.words as [string, string, string];
  const { format, from } = context.options as { format?: string; from?: string };
  return change(context, { do: "volume.create", datastore, volume, capacity: sizeOf(size, "size"), ...(format ? { format } : {}), ...(from ? { from } : {}) });
};

/** `volume resize DATASTORE NAME SIZE`. */
export const resize: Run = (context) =>
  change(context, { do: "volume.resize", datastore: context.words[0]!, volume: context.words[1]!, capacity: sizeOf(context.words[2]!, "size") });

/** `volume delete DATASTORE NAME`. */
export const remove: Run = (context) => change(context, { do: "volume.delete", datastore: context.words[0]!, volume: context.words[1]! }, "always");

/** Counts bytes on their way and draws how far, how fast and how long yet on a terminal. */
function meter(context: Context, total: number | undefined): Transform {
  const { io } = context;
  const begun = io.now();
  const live = io.stderr.isTTY === true;
  let done = 0;
  let drawn = 0;
  const draw = (): void => {
    const seconds = Math.max(0.001, (io.now() - begun) / 1000);
    const rate = done / seconds;
    const part = total ? done / total : undefined;
    const bar =
      part === undefined
        ? ""
        : `[${"█".repeat(Math.round(part * 20))}${"░".repeat(20 - Math.round(part * 20))}] ${String(Math.floor(part * 100)).padStart(3)} %  `;
    io.stderr.write(
      `\r${bar}${bytesText(done)}${total ? ` of ${bytesText(total)}` : ""}  ${bytesText(Math.round(rate))}/s${total && rate > 0 ? `  ${durationText((total - done) / rate)} left` : ""}\u001b[K`,
    );
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, next) {
      done += chunk.length;
      if (live && io.now() - drawn > 100) {
        drawn = io.now();
        draw();
      }
      next(null, chunk);
    },
    final(next) {
      if (live) io.stderr.write("\r\u001b[K");
      next();
    },
  });
}

/** Runs a transfer that Ctrl-C ends. */
async function transfer<T>(context: Context, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const release = context.io.onInterrupt(() => stop.abort());
  try {
    return await work(stop.signal);
  } catch (error) {
    if (stop.signal.aborted) throw interrupted("The transfer was interrupted.", "What was transferred is not complete: repeat it.");
    throw error;
  } finally {
    release();
  }
}

/** `volume upload DATASTORE NAME FILE`. */
export const upload: Run = async (context) => {
  const [datastore, volume, file] = context.words as [string, string, string];
  let size: number;
  try {
    const facts = statSync(file);
    if (!facts.isFile()) throw usageFailure(`${file} is not a file.`);
    size = facts.size;
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    throw usageFailure(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? ""}.`);
  }
  const client = await context.client();
  if (context.options["create"]) {
    const outcome = await carryOut(context, {
      do: "volume.create",
      datastore,
      volume,
      capacity: size,
      format: (context.options["format"] as string | undefined) ?? "raw",
    });
    const code = typeof outcome === "number" ? outcome : outcome.state === "succeeded" ? exitCodes.ok : await tellOutcome(context, outcome);
    if (code !== exitCodes.ok) return code;
  }
  const store = await client.call("datastoreGet", { params: { id: datastore } });
  await transfer(context, async (signal) => {
    const source = createReadStream(file);
    const body = source.pipe(meter(context, size));
    source.on("error", (error) => body.destroy(error));
    await client.raw("volumeWrite", { params: { id: store.id, volume }, bytes: Readable.toWeb(body) as never, size, signal });
  });
  context.say(`${volume}: ${bytesText(size)} written`);
};

/** `volume download DATASTORE NAME FILE`: under another name until it is complete. */
export const download: Run = async (context) => {
  const [datastore, volume, file] = context.words as [string, string, string];
  if (file !== "-" && existsSync(file) && !context.options["force"]) throw usageFailure(`${file} is already there.`, "Say --force to write over it.");
  if (file === "-" && context.io.stdout.isTTY)
    throw usageFailure("A disk does not belong on a terminal.", "Name a file, or send it on: polyvisor volume download DATASTORE NAME - | …");
  const client = await context.client();
  const store = await client.call("datastoreGet", { params: { id: datastore } });
  await transfer(context, async (signal) => {
    const answer = await client.raw("volumeRead", { params: { id: store.id, volume }, signal });
    const length = Number(answer.headers.get("content-length") ?? NaN);
    const total = Number.isSafeInteger(length) ? length : store.volumes.find((each) => each.name === volume)?.capacity;
    const source = Readable.from(answer.body as unknown as AsyncIterable<Uint8Array>);
    const counted = meter(context, total);
    if (file === "-") return pipeline(source, counted, process.stdout, { end: false, signal });
    const fresh = `${file}.part`;
    try {
      await pipeline(source, counted, createWriteStream(fresh, { flags: "w" }), { signal });
      await rename(fresh, file);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
  });
  if (file !== "-") context.say(`${file}: ${bytesText(statSync(file).size)} written`);
};
