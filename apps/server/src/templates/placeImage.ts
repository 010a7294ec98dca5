import { createReadStream } from "node:fs";
import type { Hypervisor } from "@polyvisor/hypervisors";
import { PolyvisorError, type PlanStep } from "@polyvisor/model";
import type { Estate } from "../estate/estate.ts";
import { buildTemplate } from "./buildTemplate.ts";
import { datastoresOf } from "../plans/placement.ts";
import { persistent } from "../store/persistent.ts";
import type { Templates } from "./templates.ts";

const storePatienceMs = 5 * 60_000;

type PlaceImage = Extract<PlanStep["action"], { verb: "image.place" }>;

/**
 * Brings a file of a template onto a datastore, over the hypervisor's own API. May be repeated: the volume's name says
 * its contents, and only a complete one is remembered as placed. A database that is away for a while is waited for, so
 * that what was sent is not sent again. @throws PolyvisorError `storeUnavailable` when it does not come back
 */
export async function placeImage(
  templates: Templates,
  estate: Estate,
  hostId: string,
  hypervisor: Hypervisor,
  action: PlaceImage,
  context: { signal: AbortSignal; progress(fraction: number, message?: string): void },
): Promise<{ message: string }> {
  const { datastore, volume, size } = action;
  const inStore = <T>(ask: () => Promise<T>): Promise<T> => patiently(templates.options.storePatience ?? storePatienceMs, context.signal, ask);
  const known = datastoresOf(estate, hostId)
    .find((each) => each.name === datastore)
    ?.volumes.find((each) => each.name === volume);
  if (known && (await inStore(() => templates.wasPlaced(hostId, datastore, volume)))) return { message: "was there already" };
  let file = templates.fileOf(action.image, action.sha256);
  const template = action.image.split("/", 1)[0]!;
  if (file === undefined) {
    // It was planned at another server of the site, which has the template; this one has the host.
    await templates.have(template, () => buildTemplate(templates, template, context));
    file = templates.fileOf(action.image, action.sha256);
  }
  if (file === undefined)
    throw new PolyvisorError("conflict", {
      detail: `the template's file ${action.image} is not as it was when the plan was made`,
      remedy: "The template was built anew meanwhile, or differs on the server that looks after the host: repeat the request there (polyvisor server list).",
    });
  const create = { verb: "volume.create" as const, datastore, volume, capacity: size, format: "raw" };
  const quiet = { signal: context.signal, progress: () => undefined };
  if ((await hypervisor.observe(create, context.signal)) !== "done") {
    // One of another size is what an interrupted attempt with other tools left: the name is ours.
    if (known) await hypervisor.run({ verb: "volume.delete", datastore, volume }, quiet);
    await hypervisor.run(create, quiet);
  }
  let sent = 0;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const chunk of createReadStream(file!, { highWaterMark: 256 * 1024 })) {
      sent += (chunk as Buffer).length;
      yield chunk as Buffer;
      context.progress(Math.min(1, sent / Math.max(1, size)), `${action.image}: ${Math.floor((sent / Math.max(1, size)) * 100)}%`);
    }
  }
  await hypervisor.writeVolume(datastore, volume, bytes(), size, context.signal);
  if (sent !== size)
    throw new PolyvisorError("conflict", {
      detail: `the template's file ${action.image} has ${sent} bytes instead of ${size}`,
      remedy: "Build the template again.",
    });
  await inStore(() => templates.markPlaced(hostId, datastore, volume));
  return { message: `${size} bytes brought to ${datastore}/${volume}` };
}

function patiently<T>(patienceMs: number, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  const end = performance.now() + patienceMs;
  return persistent(() => {
    if (signal.aborted) return signal.reason as Error;
    if (performance.now() < end) return undefined;
    return new PolyvisorError("storeUnavailable", {
      detail: `the database did not come back within ${Math.ceil(patienceMs / 1000)} s`,
      remedy: "Bring the database back, then repeat the request: what was sent to the host is found there.",
    });
  }, ask);
}
