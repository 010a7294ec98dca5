import type { Request } from "@polyvisor/api";
import { answering, needFeature } from "./checks.ts";
import { makeUuid, type PlanInput } from "./planInput.ts";
import { nameFree } from "./simpleVm.ts";
import type { Work } from "./work.ts";
import { blocked, WorkBuilder } from "./workBuilder.ts";

const uuidForm = /<uuid>\s*([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})\s*<\/uuid>/;

/** A VM from the hypervisor's own description. Its UUID is kept where it has one. */
export function planDefineVm(input: PlanInput & { request: Extract<Request, { do: "vm.define" }> }): Work {
  const { request, estate } = input;
  const host = answering(estate, estate.find("host", request.host).id);
  needFeature(host, "vm.define");
  const name = /<name>\s*([^<]{1,255}?)\s*<\/name>/.exec(request.definition)?.[1];
  if (name === undefined) blocked("badRequest", "the definition has no <name>", "Send the hypervisor's own description of a VM: for libvirt, domain XML.");
  const said = uuidForm.exec(request.definition)?.[1]?.toLowerCase();
  const uuid = said ?? makeUuid(input.random(16));
  const known = estate.byNative("vm", host.id, uuid);
  if (!known) nameFree(estate, host, name!);
  const work = new WorkBuilder();
  const target = { kind: "vm" as const, ...(known ? { id: known.id } : {}), name: name! };
  const why = known
    ? `${host.name} has this UUID as ${known.name}: its definition is replaced`
    : said === undefined
      ? "the definition has no UUID, so it gets a new one"
      : "the definition's own UUID is kept";
  if (known) work.warn(`the present definition of ${known.name} is replaced`);
  const defined = work.step({
    hostId: host.id,
    target,
    action: { verb: "vm.define", vm: uuid, definition: request.definition },
    ...(request.folder === undefined || known ? {} : { place: { folder: request.folder, tags: [] } }),
    reasons: [why],
    after: [],
  });
  if (request.start)
    work.step({ hostId: host.id, target, action: { verb: "vm.start", vm: uuid, paused: false }, reasons: ["it was asked to be running"], after: [defined] });
  work.expect.push(`${name} is defined on ${host.name}${request.start ? " and running" : ""}`);
  return work.done(`define ${name}`, input.reason);
}
