import { connect, type Socket } from "node:net";
import { constants, crc32, createGunzip, deflateRawSync } from "node:zlib";

/** What the bench tells this process, which has all the readers of the event stream. */
export type ToReaders = { open: { url: string; token: string; readers: number; gzip: boolean } } | { stop: true };
export interface ReadResult {
  /** Events that the one reader who unpacks everything was told of. */
  events: number;
  /** Of them, those whose id was not above the one before: told out of order, or twice. */
  disordered: number;
  resets: number;
  /** States that followed on themselves: a change between them was lost. */
  skipped: number;
  /** Readers who got the very same bytes in the same order. */
  alike: number;
  readers: number;
  bytesEach: number;
  /** When the last event came, milliseconds since 1970. */
  lastAt: number;
}
export type FromReaders = { opened: true } | ReadResult;

/** One reader on a bare socket: each piece of the answer by its check sum; unpacked by one of them only, to leave the processors to the server. */
class Reader {
  readonly sums: number[] = [];
  readonly opened: Promise<void>;
  bytes = 0;
  lastAt = 0;
  readonly #socket: Socket;
  readonly #piece: ((bytes: Buffer) => void) | undefined;
  #held: Buffer = Buffer.alloc(0);
  #inBody = false;
  readonly #open = Promise.withResolvers<void>();

  constructor(url: URL, token: string, gzip: boolean, piece?: (bytes: Buffer) => void) {
    this.#piece = piece;
    this.opened = this.#open.promise;
    this.#socket = connect(Number(url.port), url.hostname);
    this.#socket.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#socket.on("error", this.#open.reject);
    this.#socket.write(
      `GET /api/v1/events?kinds=vm HTTP/1.1\r\nhost: ${url.host}\r\nauthorization: Bearer ${token}\r\n${gzip ? "accept-encoding: gzip\r\n" : ""}\r\n`,
    );
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    if (!this.#inBody) {
      const end = this.#held.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = this.#held.toString("latin1", 0, end);
      if (!head.startsWith("HTTP/1.1 200")) return this.#open.reject(new Error(head));
      this.#inBody = true;
      this.#held = this.#held.subarray(end + 4);
    }
    for (;;) {
      const line = this.#held.indexOf("\r\n");
      if (line < 0) return;
      const length = parseInt(this.#held.toString("latin1", 0, line), 16);
      if (this.#held.length < line + 4 + length) return;
      const bytes = this.#held.subarray(line + 2, line + 2 + length);
      this.#held = this.#held.subarray(line + 4 + length);
      this.#open.resolve();
      this.bytes += length;
      const sum = crc32(bytes);
      if (!comments.has(sum)) this.lastAt = Date.now();
      this.sums.push(sum);
      this.#piece?.(bytes);
    }
  }
}

let readers: Reader[] = [];
const told = { events: 0, disordered: 0, resets: 0, skipped: 0 };
let rest = "";
let lastId = 0;
let greeting = 1;
const states = new Map<string, string>();

function text(piece: string): void {
  const parts = (rest + piece).split("\n\n");
  rest = parts.pop()!;
  for (const part of parts) {
    const at = part.indexOf("\ndata: ");
    if (!part.startsWith("id: ") || at < 0) continue;
    if (part.includes("\nevent: reset\n")) told.resets++;
    if (!part.includes("\nevent: changed\n")) continue;
    told.events++;
    const id = Number(part.slice(4, part.indexOf("\n")));
    if (!(id > lastId)) told.disordered++;
    lastId = id;
    const { objectId, object } = JSON.parse(part.slice(at + 7)) as { objectId: string; object: { state: string } };
    if (states.get(objectId) === object.state) told.skipped++;
    states.set(objectId, object.state);
  }
}

async function open({ url, token, readers: count, gzip }: { url: string; token: string; readers: number; gzip: boolean }): Promise<void> {
  Object.assign(told, { events: 0, disordered: 0, resets: 0, skipped: 0 });
  rest = "";
  lastId = 0;
  states.clear();
  greeting = gzip ? 2 : 1;
  const unpack = gzip ? createGunzip({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }) : undefined;
  unpack?.setEncoding("utf8").on("data", text);
  readers = Array.from(
    { length: count },
    (_, i) => new Reader(new URL(url), token, gzip, i > 0 ? undefined : (bytes) => (unpack ? void unpack.write(Buffer.from(bytes)) : text(bytes.toString()))),
  );
  await Promise.all(readers.map(({ opened }) => opened));
}

const comment = Buffer.from(":\n\n");
const comments = new Set([comment, deflateRawSync(comment, { level: 1, finishFlush: constants.Z_SYNC_FLUSH })].map((bytes) => crc32(bytes)));

/** What a reader was sent, without the greeting (two pieces with gzip, one without) and the comments that keep the line open. */
const runsOf = ({ sums }: Reader, greeting: number): string =>
  sums
    .slice(greeting)
    .filter((sum) => !comments.has(sum))
    .join();

process.on("message", (message: ToReaders) => {
  if ("open" in message) {
    void open(message.open).then(
      () => process.send!({ opened: true }),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
    return;
  }
  void whenQuiet().then(tell);
});

/** Resolves when nothing has come for five seconds: what was under way is there. */
async function whenQuiet(): Promise<void> {
  while (Date.now() - Math.max(...readers.map(({ lastAt }) => lastAt)) < 5_000) await new Promise((resolve) => setTimeout(resolve, 100));
}

function tell(): void {
  const first = runsOf(readers[0]!, greeting);
  const alike = readers.filter((reader) => runsOf(reader, greeting) === first).length;
  const result: ReadResult = {
    ...told,
    alike,
    readers: readers.length,
    bytesEach: readers[0]!.bytes,
    lastAt: Math.max(...readers.map(({ lastAt }) => lastAt)),
  };
  for (const reader of readers) reader.close();
  readers = [];
  process.send!(result);
}
process.on("disconnect", () => process.exit(0));
process.send!({ opened: true });
