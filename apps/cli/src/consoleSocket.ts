import { webSocketProtocols } from "@polyvisor/api/client";
import type { Context } from "./command.ts";
import { exitCodes } from "./exitCode.ts";
import { CliFailure, isApiError } from "./failure.ts";
import { pause } from "./io.ts";

export interface ConsoleWish {
  kind: "text" | "graphical";
  alias?: string | undefined;
  force?: boolean | undefined;
}

/** How a console ended: the WebSocket's close code and the server's words. */
export interface ConsoleEnd {
  code: number;
  reason: string;
}

/** A console's bytes both ways. */
export interface ConsoleSocket {
  send(bytes: Uint8Array): void;
  /** Bytes given to `send` that have not left yet. */
  readonly waiting: number;
  close(): void;
  /** Resolves when it has ended, by whichever side. */
  readonly ended: Promise<ConsoleEnd>;
}

/**
 * Opens a console of a VM.
 * @throws CliFailure or the server's problem when it cannot be had
 */
export async function openConsole(context: Context, vm: string, wish: ConsoleWish, onBytes: (bytes: Uint8Array) => void): Promise<ConsoleSocket> {
  const [client, server] = await Promise.all([context.client(), context.server()]);
  const query: Record<string, string> = { kind: wish.kind, ...(wish.alias ? { alias: wish.alias } : {}), ...(wish.force ? { force: "true" } : {}) };
  const socket = new WebSocket(
    client.webSocketUrl("vmConsole", { params: { id: vm }, query }),
    server.token ? webSocketProtocols(server.token) : ["polyvisor"],
  );
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => onBytes(typeof data === "string" ? Buffer.from(data) : new Uint8Array(data as ArrayBuffer)));
  const ended = new Promise<ConsoleEnd>((resolve) => socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason })));
  const opened = await Promise.race([new Promise<true>((resolve) => socket.addEventListener("open", () => resolve(true))), ended]);
  if (opened !== true) {
    const { refusal } = await import("./connection/upgradeRefusal.ts");
    const why = await refusal(client.webSocketUrl("vmConsole", { params: { id: vm }, query }), server.token);
    if (why) throw why;
    throw new CliFailure(
      exitCodes.failed,
      `The console of ${vm} could not be opened${opened.reason ? `: ${opened.reason}` : ""}.`,
      `See polyvisor explain ${vm}.`,
    );
  }
  return {
    send: (bytes) => socket.send(bytes as Uint8Array<ArrayBuffer>),
    get waiting() {
      return socket.bufferedAmount;
    },
    close: () => socket.close(1000),
    ended,
  };
}

/** The VM by its reference; one that was just created is waited for, until the inventory has it. */
export async function findVm(context: Context, ref: string, patient: boolean): Promise<{ id: string; name: string }> {
  const client = await context.client();
  const until = context.io.now() + 10_000;
  for (;;) {
    try {
      return await client.call("vmGet", { params: { id: ref } });
    } catch (error) {
      if (!patient || !isApiError(error) || error.problem.code !== "notFound" || context.io.now() > until) throw error;
      await pause(50);
    }
  }
}
