import type { Connection, Stream } from "@polyvisor/protocol-libvirt";
import { PolyvisorError } from "@polyvisor/model";
import { failure } from "../failure.ts";
import type { Session } from "../session.ts";

/**
 * Bytes of a volume. They come over a connection of their own, which stops reading while its consumer does not: so a
 * slow download holds up nothing else.
 */
export async function readVolumeBytes(session: Session, datastore: string, volume: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const vol = await session.volume(datastore, volume);
  const connection = await session.connection.dedicated();
  try {
    const { stream } = await connection.call.storageVolDownload({ vol, offset: 0n, length: 0n }, { signal });
    const parts = drained(connection, stream, session, `read volume "${volume}" in datastore "${datastore}"`, signal);
    // A generator that was never begun ends without its last words: begun here, the connection ends with it in any case.
    await parts.next();
    return parts;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function* drained(connection: Connection, stream: Stream, session: Session, doing: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const stop = (): void => {
    stream.abort();
    void connection.close();
  };
  signal?.addEventListener("abort", stop, { once: true });
  try {
    signal?.throwIfAborted();
    yield new Uint8Array();
    yield* stream;
    signal?.throwIfAborted();
    // The server ends what it sends with an empty piece and waits to be told that it arrived.
    if (connection.open) await stream.finish().catch(() => {});
  } catch (error) {
    throw failure(error, { endpoint: session.endpoint, doing });
  } finally {
    signal?.removeEventListener("abort", stop);
    await connection.close();
  }
}

/** Fills a volume from its start, as fast as the host takes it. A source that is shorter or longer than said is refused. */
export async function writeVolumeBytes(
  session: Session,
  datastore: string,
  volume: string,
  bytes: AsyncIterable<Uint8Array>,
  size: number,
  signal?: AbortSignal,
): Promise<void> {
  const vol = await session.volume(datastore, volume);
  const connection = await session.connection.dedicated();
  // A host that hangs takes no more bytes, and a connection for bulk asks for no signs of life: only its end ends the waiting.
  const stop = (): void => void connection.close();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const { stream } = await connection.call.storageVolUpload({ vol, offset: 0n, length: BigInt(size) }, { signal });
    let sent = 0;
    try {
      for await (const chunk of bytes) {
        signal?.throwIfAborted();
        sent += chunk.length;
        if (sent > size) throw new PolyvisorError("badRequest", { detail: `more than the announced ${size} bytes came for volume "${volume}"` });
        await stream.write(chunk);
      }
      if (sent < size) throw new PolyvisorError("badRequest", { detail: `${sent} of the announced ${size} bytes came for volume "${volume}"` });
      await stream.finish();
    } catch (error) {
      stream.abort();
      signal?.throwIfAborted();
      throw error;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    await connection.close();
  }
}
