import type { Context, Run } from "../command.ts";
import { findVm, openConsole, type ConsoleEnd, type ConsoleSocket } from "../consoleSocket.ts";
import { exitCodes } from "../exitCode.ts";
import { CliFailure, isApiError } from "../failure.ts";
import { pause } from "../io.ts";
import { escapeText } from "../output/escape.ts";
import { wholeNumber } from "./lifecycle.ts";

/** `^]`, as in virsh, xl and telnet. */
const escapeByte = 0x1d;
/** Bytes under way to the server past which the keyboard (or the pipe) is not read. */
const mostWaiting = 256 * 1024;
/** Seconds in which a lost connection is tried again. */
const patienceSeconds = 30;

/** `console VM`. */
export const console: Run = async (context) => {
  if (context.options["graphical"] || context.options["listen"] !== undefined) return (await import("./graphical.ts")).graphical(context);
  return attach(context, context.words[0]!, false);
};

/**
 * Attaches this terminal, or the pipe that is standard input, to a VM's text console until `^]`. The terminal
 * is put back however it ends. Where the connection is lost, it is made again.
 * @param patient the VM was just created: wait until it is known
 */
export async function attach(context: Context, ref: string, patient = true): Promise<number> {
  const { io, options } = context;
  const vm = await findVm(context, ref, patient);
  const wish = { kind: "text" as const, alias: options["alias"] as string | undefined, force: options["force"] === true };
  const idle = options["idle"] === undefined ? 2 : wholeNumber(options["idle"], "--idle");
  const name = escapeText(vm.name);
  let lastOutput = io.now();
  const show = (bytes: Uint8Array): void => {
    lastOutput = io.now();
    io.stdout.write(bytes);
  };
  let socket = await openConsole(context, vm.id, wish, show);
  const leave = Promise.withResolvers<"escape" | "inputEnd">();
  const terminal = io.stdin.isTTY === true;
  const restore = (): void => void (terminal && io.stdin.setRawMode(false));
  const releaseSignals = io.onInterrupt(() => leave.resolve("escape"));
  process.once("exit", restore);
  const input = (chunk: Buffer): void => {
    const at = chunk.indexOf(escapeByte);
    const bytes = at < 0 ? chunk : chunk.subarray(0, at);
    if (bytes.length > 0) socket.send(bytes);
    if (at >= 0) return leave.resolve("escape");
    if (socket.waiting > mostWaiting) void drained(socket, io.stdin);
  };
  const inputEnd = (): void => void quiet(io.now, () => lastOutput, idle).then(() => leave.resolve("inputEnd"));
  context.note(`Connected to ${name}. Escape is ^].`);
  if (terminal) io.stdin.setRawMode(true);
  io.stdin.on("data", input);
  io.stdin.once("end", inputEnd);
  io.stdin.resume();
  try {
    for (;;) {
      const outcome = await Promise.race([leave.promise, socket.ended]);
      if (typeof outcome === "string") {
        socket.close();
        context.note(outcome === "escape" ? `${terminal ? "\r\n" : ""}Left the console of ${name}.` : `The input has ended; left the console of ${name}.`);
        return exitCodes.ok;
      }
      if (outcome.code === 1000) {
        context.note(`\r\nThe console of ${name} has ended${outcome.reason ? `: ${escapeText(outcome.reason)}` : ""}.`);
        return exitCodes.ok;
      }
      if (outcome.code !== 1006 && outcome.code !== 1001 && outcome.code !== 1012) throw ended(name, outcome);
      context.note(`\r\n${outcome.reason ? `The console was cut: ${escapeText(outcome.reason)}` : "The connection was lost"}; connecting again … (^] ends)\r`);
      const again = await Promise.race([leave.promise, reconnect(context, vm.id, wish, show)]);
      if (typeof again === "string") return exitCodes.ok;
      if (!again)
        throw ended(
          name,
          { code: outcome.code, reason: outcome.reason || "the connection was lost" },
          `Nothing answered for ${patienceSeconds} s. Attach again; where the site has other servers, at one of them (POLYVISOR_URL).`,
        );
      socket = again;
      context.note(`Connected to ${name} again.\r`);
    }
  } finally {
    restore();
    process.off("exit", restore);
    releaseSignals();
    io.stdin.off("data", input);
    io.stdin.off("end", inputEnd);
    io.stdin.pause();
  }
}

const ended = (name: string, { code, reason }: ConsoleEnd, remedy = `See polyvisor explain ${name}, then attach again.`): CliFailure =>
  new CliFailure(exitCodes.failed, `The console of ${name} has ended: ${reason || `code ${code}`}.`, remedy);

async function reconnect(
  context: Context,
  vm: string,
  wish: Parameters<typeof openConsole>[2],
  show: (bytes: Uint8Array) => void,
): Promise<ConsoleSocket | undefined> {
  const until = context.io.now() + patienceSeconds * 1000;
  while (context.io.now() < until) {
    await pause(500);
    try {
      return await openConsole(context, vm, wish, show);
    } catch (error) {
      // The server is not back yet, or does not know the host yet: that passes. That there is no such console does not.
      if (isApiError(error) && error.problem.status < 500) throw error;
    }
  }
  return undefined;
}

async function drained(socket: ConsoleSocket, stdin: NodeJS.ReadStream): Promise<void> {
  stdin.pause();
  while (socket.waiting > mostWaiting / 2) await pause(10);
  stdin.resume();
}

/** Resolves when nothing was shown for `seconds`; never for 0. */
async function quiet(now: () => number, lastOutput: () => number, seconds: number): Promise<void> {
  if (seconds === 0) return new Promise(() => undefined);
  const from = now();
  for (;;) {
    const rest = Math.max(from, lastOutput()) + seconds * 1000 - now();
    if (rest <= 0) return;
    await pause(rest);
  }
}
