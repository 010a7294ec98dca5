import { createHash } from "node:crypto";
import type { Server } from "node:http";
import type { Duplex } from "node:stream";

/** The other side of one WebSocket (RFC 6455), as far as a console needs it: binary messages and a close. */
export interface WebSocketPeer {
  url: string;
  protocols: string;
  received: () => string;
  send(text: string): void;
  /** Ends it with a close code, or, without one, as a network that breaks. */
  end(code?: number, reason?: string): void;
}

function frame(opcode: number, payload: Buffer): Buffer {
  const head =
    payload.length < 126 ? Buffer.from([0x80 | opcode, payload.length]) : Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 255]);
  return Buffer.concat([head, payload]);
}

/** Accepts every WebSocket on a server and hands its peer over. */
export function acceptWebSockets(server: Server, accepted: (peer: WebSocketPeer) => void): void {
  server.on("upgrade", (request, socket: Duplex) => {
    const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: polyvisor\r\n\r\n`,
    );
    let bytes = Buffer.alloc(0);
    let text = "";
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 6) {
        const long = (bytes[1]! & 0x7f) === 126;
        const length = long ? bytes.readUInt16BE(2) : bytes[1]! & 0x7f;
        const start = long ? 4 : 2;
        if (bytes.length < start + 4 + length) return;
        const mask = bytes.subarray(start, start + 4);
        const payload = Buffer.from(bytes.subarray(start + 4, start + 4 + length).map((byte, i) => byte ^ mask[i % 4]!));
        const opcode = bytes[0]! & 15;
        bytes = bytes.subarray(start + 4 + length);
        if (opcode === 8) socket.end(frame(8, payload));
        else text += payload.toString();
      }
    });
    accepted({
      url: request.url!,
      protocols: request.headers["sec-websocket-protocol"] ?? "",
      received: () => text,
      send: (out) => void socket.write(frame(2, Buffer.from(out))),
      end(code, reason = "") {
        if (code === undefined) return void socket.destroy();
        const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
        payload.writeUInt16BE(code);
        payload.write(reason, 2);
        socket.write(frame(8, payload));
      },
    });
  });
}
