import { PolyvisorError } from "@polyvisor/model";
import type { ByteChannel, ConsoleRequest } from "../../hypervisor.ts";
import { nextState } from "../actions/power.ts";
import type { SimHost } from "../simHost.ts";
import type { SimVm } from "../simVm.ts";
import { channelPair } from "./pipe.ts";
import { serveRfb } from "./rfb.ts";
import { serveShell } from "./shell.ts";

/** Text consoles that are held, so that a second caller is refused unless it takes over; as with a serial line. */
const held = new WeakMap<SimVm, ByteChannel>();

/** Opens a console of a VM that is on. */
export function openConsole(host: SimHost, vm: SimVm, request: ConsoleRequest, onClose: () => void): ByteChannel {
  nextState(vm, "console");
  const kinds = request.kind === "text" ? ["serial"] : ["vnc"];
  const one = host.factsOf(vm).consoles.find((each) => kinds.includes(each.kind) && (request.alias === undefined || request.alias === each.alias));
  if (!one)
    throw new PolyvisorError("notFound", {
      detail: `${vm.name} has no ${request.kind} console${request.alias === undefined ? "" : ` called ${request.alias}`}`,
    });
  const text = request.kind === "text";
  const holder = held.get(vm);
  if (text && holder && !request.force)
    throw new PolyvisorError("inUse", { detail: `someone holds the text console of ${vm.name}`, remedy: "Take it over with force, or wait." });
  if (text) holder?.close();
  const { channel, fromCaller, toCaller } = channelPair(() => {
    if (held.get(vm) === channel) held.delete(vm);
    host.hangUps.get(vm.uuid)?.delete(hangUp);
    onClose();
  });
  const hangUp = (): void => {
    toCaller.end();
    fromCaller.break();
  };
  let hangUps = host.hangUps.get(vm.uuid);
  if (!hangUps) host.hangUps.set(vm.uuid, (hangUps = new Set()));
  hangUps.add(hangUp);
  if (text) held.set(vm, channel);
  void (text ? serveShell : serveRfb)(host, vm, fromCaller, toCaller).finally(() => channel.close());
  return channel;
}
