import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import type { Socket } from "node:net";
import { PolyvisorError } from "@polyvisor/model";
import { constants as c } from "@polyvisor/protocol-libvirt";
import type { Domain, Stream } from "@polyvisor/protocol-libvirt";
import type { ByteChannel, ConsoleRequest, Screenshot } from "../hypervisor.ts";
import { graphicsListen } from "./domain/describedVm.ts";
import { isActive } from "./domain/domainState.ts";
import type { Session } from "./session.ts";
import { unlockedScreen } from "./unlockedScreen.ts";
import { parseXml } from "./xml/parseXml.ts";

/** Most bytes of a picture of a screen: 8K in 24 bits has 100 MB, and nothing real comes near. */
const largestPicture = 64 * 1024 ** 2;

/** Opens a console: libvirt's own stream for text, the screen's own socket for pictures. */
export async function openConsole(session: Session, vm: string, request: ConsoleRequest): Promise<ByteChannel> {
  const dom = await runningVm(session, vm);
  if (request.kind === "graphical") return openScreen(session, vm, request);
  const flags = request.force ? c.VIR_DOMAIN_CONSOLE_FORCE : 0;
  const { stream } = await session.call.domainOpenConsole({ dom, devName: request.alias ?? null, flags }, { streamBufferBytes: 4 * 1024 ** 2 });
  return channelOf(stream);
}

/** A VM that is on; some drivers would show the screen of one that is off. */
async function runningVm(session: Session, vm: string): Promise<Domain> {
  const dom = await session.vm(vm);
  if (!isActive((await session.call.domainGetState({ dom })).state))
    throw new PolyvisorError("wrongState", { detail: `VM "${dom.name}" is off: it has no console and no screen now`, remedy: "Start it first." });
  return dom;
}

/** A libvirt stream as a channel of bytes. */
export function channelOf(stream: Stream): ByteChannel {
  return { readable: stream, write: (chunk) => stream.write(chunk), finish: () => stream.finish(), close: () => stream.abort() };
}

async function openScreen(session: Session, vm: string, request: ConsoleRequest): Promise<ByteChannel> {
  const { transport } = session.connection.endpoint;
  if (transport !== "unix")
    throw new PolyvisorError("notSupported", { detail: `a VM's screen listens on its own host, and libvirt has no way to pass it on over ${transport}` });
  const dom = await session.vm(vm);
  const index = Number(/\d+$/.exec(request.alias ?? "")?.[0] ?? 0);
  const { xml } = await secretDescription(session, dom);
  const listen = graphicsListen(parseXml(xml, `the description of VM "${dom.name}"`), index);
  if (!listen)
    throw new PolyvisorError("notSupported", { detail: `VM "${dom.name}" has no screen`, remedy: "Give it one (graphics: vnc), or use its text console." });
  if (listen.type !== "vnc")
    throw new PolyvisorError("notSupported", { detail: `the screen of VM "${dom.name}" speaks ${listen.type}, and only VNC is passed on` });
  if (listen.socket === undefined && listen.port === undefined)
    throw new PolyvisorError("wrongState", { detail: `the screen of VM "${dom.name}" listens nowhere: the VM does not run` });
  const address = listen.address === undefined || listen.address === "0.0.0.0" || listen.address === "::" ? "127.0.0.1" : listen.address;
  const socket = listen.socket !== undefined ? connectSocket(listen.socket) : connectSocket(listen.port!, address);
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(session.options.openTimeoutMs) });
  } catch (error) {
    socket.destroy();
    throw new PolyvisorError("hypervisorFailed", { detail: `the screen of VM "${dom.name}" does not answer`, cause: error });
  }
  const screen = socketChannel(socket);
  return listen.password === undefined || listen.password === "" ? screen : unlockedScreen(screen, listen.password, dom.name);
}

/** A VM's description with the password of its screen, or without where the connection may only read. */
const secretDescription = (session: Session, dom: Domain): Promise<{ xml: string }> =>
  session.call.domainGetXmlDesc({ dom, flags: c.VIR_DOMAIN_XML_SECURE }).catch(() => session.call.domainGetXmlDesc({ dom, flags: 0 }));

function socketChannel(socket: Socket): ByteChannel {
  socket.setNoDelay(true);
  // Errors reach the reader and the writer; without a listener they would end the process.
  socket.on("error", () => {});
  return {
    readable: socket,
    write: (chunk) => new Promise((resolve, reject) => socket.write(chunk, (error) => (error ? reject(error) : resolve()))),
    finish: () => new Promise((resolve) => socket.end(resolve)),
    close: () => socket.destroy(),
  };
}

/** A picture of the first screen, as the hypervisor gives it. */
export async function takeScreenshot(session: Session, vm: string): Promise<Screenshot> {
  const dom = await runningVm(session, vm);
  const { mime, stream } = await session.call.domainScreenshot({ dom, screen: 0 }, { streamBufferBytes: largestPicture });
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of stream) {
    size += part.length;
    if (size > largestPicture) throw new PolyvisorError("tooLarge", { detail: `the picture of VM "${dom.name}" has more than ${largestPicture} bytes` });
    parts.push(part);
  }
  return { type: mime ?? "image/x-portable-pixmap", bytes: Buffer.concat(parts) };
}
