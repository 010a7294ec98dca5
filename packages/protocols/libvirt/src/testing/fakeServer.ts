import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectOptions } from "../connect.ts";
import type { Connection } from "../connection.ts";
import { ByteBuilder } from "./byteBuilder.ts";

/** A request as the fake server got it. */
export interface Request {
  program: number;
  procedure: number;
  type: number;
  serial: number;
  status: number;
  body: Buffer;
  socket: Socket;
}

/** Procedure numbers that the tests speak of. */
export const PROC = {
  open: 1,
  close: 2,
  getHostname: 59,
  authList: 66,
  supportsFeature: 60,
  openConsole: 201,
  volUpload: 208,
  volDownload: 209,
  lifecycle: 318,
};

/** Event, reply and stream messages, made by hand. */
export function reply(request: Request, body: ByteBuilder = new ByteBuilder(), status = 0): Buffer {
  return body.message({ program: request.program, procedure: request.procedure, type: 1, serial: request.serial, status });
}
export function errorReply(request: Request, code: number, message: string): Buffer {
  return reply(request, errorBody(code, message), 1);
}
export function errorBody(code: number, message: string): ByteBuilder {
  return new ByteBuilder().i32(code).i32(10).u32(1).string(message).i32(2).u32(0).u32(0).u32(0).u32(0).i32(-1).i32(-1).u32(0);
}
export function streamMessage(request: Request, status: number, payload: Iterable<number> = []): Buffer {
  return new ByteBuilder().bulk(payload).message({ program: request.program, procedure: request.procedure, type: 3, serial: request.serial, status });
}
export function lifecycleEvent(name: string, event: number): Buffer {
  return new ByteBuilder().i32(7).domain(name, "01234567-89ab-cdef-0123-456789abcdef", 3).i32(event).i32(0).message({ procedure: PROC.lifecycle, type: 2 });
}

/**
 * A hostile or broken libvirt server on a Unix socket. `answer` sees every request that is not part of opening;
 * what it returns is sent. Opening is answered unless `answer` is asked first (`everything`).
 */
export class FakeServer {
  readonly path: string;
  readonly requests: Request[] = [];
  readonly sockets = new Set<Socket>();
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string, server: Server) {
    this.#folder = folder;
    this.path = join(folder, "sock");
    this.#server = server;
  }

  static async start(
    answer: (request: Request) => Buffer | Buffer[] | undefined,
    options: { everything?: boolean; keepalive?: boolean } = {},
  ): Promise<FakeServer> {
    const folder = mkdtempSync(join(tmpdir(), "fake-libvirtd-"));
    const server = createServer();
    const fake = new FakeServer(folder, server);
    server.on("connection", (socket) => {
      fake.sockets.add(socket);
      let held = Buffer.alloc(0);
      socket.on("error", () => {});
      socket.on("close", () => fake.sockets.delete(socket));
      socket.on("data", (chunk) => {
        held = Buffer.concat([held, chunk]);
        while (held.length >= 4 && held.length >= held.readUInt32BE(0)) {
          const size = held.readUInt32BE(0);
          const request: Request = {
            program: held.readUInt32BE(4),
            procedure: held.readInt32BE(12),
            type: held.readUInt32BE(16),
            serial: held.readUInt32BE(20),
            status: held.readUInt32BE(24),
            body: held.subarray(28, size),
            socket,
          };
          held = held.subarray(size);
          fake.requests.push(request);
          const answered = (options.everything ? undefined : opening(request, options.keepalive ?? false)) ?? answer(request);
          for (const each of answered === undefined ? [] : [answered].flat()) socket.write(each);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(fake.path, resolve));
    return fake;
  }

  /** Sends bytes to every client. */
  send(bytes: Buffer): void {
    for (const socket of this.sockets) socket.write(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function opening(request: Request, keepalive: boolean): Buffer | undefined {
  switch (request.type === 0 ? request.procedure : -1) {
    case PROC.authList:
      return reply(request, new ByteBuilder().u32(1).u32(0));
    case PROC.supportsFeature:
      return reply(request, new ByteBuilder().u32(keepalive ? 1 : 0));
    case PROC.open:
    case PROC.close:
      return reply(request);
    default:
      return undefined;
  }
}

/** Waits until a condition holds; rejects after five seconds with what was waited for. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

/** Connects to a fake server. */
export function openOver(server: FakeServer, options: ConnectOptions = {}): Promise<Connection> {
  return connect("test:///default", { socketPath: server.path, ...options });
}

/** Answers as a server that is asked for its name. */
export function hostname(request: Request): Buffer {
  return reply(request, new ByteBuilder().string("host-1"));
}

/** Keeps calls for the host's name and does not answer. */
export function silent(held: Request[]): (request: Request) => undefined {
  return (request) => {
    if (request.procedure === PROC.getHostname) held.push(request);
    return undefined;
  };
}
