import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Context, Run } from "../command.ts";
import { findVm, openConsole, type ConsoleSocket } from "../consoleSocket.ts";
import { exitCodes } from "../exitCode.ts";
import { CliFailure, describeFailure, usageFailure } from "../failure.ts";
import { pause } from "../io.ts";
import { escapeText } from "../output/escape.ts";
import { wholeNumber } from "./lifecycle.ts";

const mostWaiting = 1024 * 1024;

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ pauseOnConnect: true });
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

async function listenOn(wanted: number | undefined): Promise<Server> {
  if (wanted !== undefined)
    return listen(wanted).catch((error: NodeJS.ErrnoException) => {
      throw new CliFailure(
        exitCodes.refused,
        `Port ${wanted} of this machine cannot be used: ${error.code}.`,
        "Choose another with --listen, or leave it out.",
      );
    });
  for (let port = 5900; port < 6000; port++) {
    try {
      return await listen(port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
  return listen(0);
}

/**
 * `vncviewer VM`: a port on this machine's loopback that speaks RFB, so that any VNC viewer can be used. Each
 * viewer has a connection of its own through the server. Ends by Ctrl-C.
 */
export const graphical: Run = async (context) => {
  const wanted = context.options["listen"];
  const port = wanted === undefined ? undefined : wholeNumber(wanted, "--listen");
  if (port !== undefined && port > 65_535) throw usageFailure(`--listen takes a port up to 65535, not ${port}.`);
  const vm = await findVm(context, context.words[0]!, false);
  // Once at the start, so that what is not possible is said before a viewer is.
  const probe = await openConsole(context, vm.id, { kind: "graphical", force: context.options["force"] === true }, () => undefined);
  probe.close();
  await probe.ended;
  const server = await listenOn(port);
  const at = server.address() as AddressInfo;
  context.say(`127.0.0.1:${at.port}`);
  context.note(`A VNC viewer sees ${escapeText(vm.name)} there, for example: vncviewer 127.0.0.1::${at.port}. Ctrl-C ends it.`);
  const viewers = new Set<Socket>();
  server.on("connection", (viewer) => {
    viewers.add(viewer);
    viewer.on("close", () => viewers.delete(viewer));
    viewer.on("error", () => viewer.destroy());
    void bridge(context, vm.id, viewer).catch((error: unknown) => {
      viewer.destroy();
      for (const line of describeFailure(error).lines) context.note(line);
    });
  });
  await new Promise<void>((resolve) => {
    const release = context.io.onInterrupt(() => {
      release();
      resolve();
    });
  });
  server.close();
  for (const viewer of viewers) viewer.destroy();
};

async function bridge(context: Context, vm: string, viewer: Socket): Promise<void> {
  const socket: ConsoleSocket = await openConsole(context, vm, { kind: "graphical", force: context.options["force"] === true }, (bytes) => {
    viewer.write(bytes);
    // The WebSocket cannot be told to wait: a viewer that does not read is let go before it fills our memory.
    if (viewer.writableLength > 64 * mostWaiting) viewer.destroy();
  });
  viewer.on("data", (chunk) => {
    socket.send(chunk);
    if (socket.waiting > mostWaiting) void drained(socket, viewer);
  });
  viewer.on("close", () => socket.close());
  viewer.resume();
  const { code, reason } = await socket.ended;
  const left = viewer.destroyed;
  viewer.end();
  if (left) return;
  if (code === 1012 || code === 1006) context.note(`The screen was cut: ${escapeText(reason || "the connection was lost")}. Connect the viewer again.`);
  else if (reason) context.note(escapeText(reason));
}

async function drained(socket: ConsoleSocket, viewer: Socket): Promise<void> {
  viewer.pause();
  while (socket.waiting > mostWaiting / 2) await pause(10);
  viewer.resume();
}
