import type { Host, VmSpec } from "@polyvisor/model";
import { needFeature } from "./checks.ts";
import { freeVolumeName, type ChosenDatastore } from "./placement.ts";
import type { PlanInput, PlanTemplate } from "./planInput.ts";
import { blocked, type WorkBuilder } from "./workBuilder.ts";

/** The volume's name says its contents, so that the second VM of a template finds what the first one needed. */
export const imageVolume = (template: string, file: string, sha256: string): string => `polyvisor-${template}-${sha256.slice(0, 12)}-${file}`;

/** Brings the files that a specification names as `image:NAME` onto the host's datastore, and puts their paths into it. */
export function placeImages(
  input: PlanInput,
  work: WorkBuilder,
  host: Host,
  uuid: string,
  template: PlanTemplate | undefined,
  spec: VmSpec,
  storeFor: (name: string | undefined) => ChosenDatastore,
  after: Set<number>,
  reasons: string[],
): void {
  const place = (text: string): string => {
    if (!text.startsWith("image:")) return text;
    const file = text.slice("image:".length);
    if (!template) return blocked("badRequest", `"${text}" names a file of a template, and no template was given`);
    const facts =
      template.files.get(file) ?? blocked("badRequest", `the template ${template.name} has no file "${file}"; it has ${[...template.files.keys()].join(", ")}`);
    needFeature(host, "volume.transfer");
    const store = storeFor(undefined);
    if (store.path === undefined) return blocked("notSupported", `the datastore ${store.name} of ${host.name} has no path that a VM could boot from`);
    const volume = imageVolume(template.name, file, facts.sha256);
    const there = store.known?.volumes.find((each) => each.name === volume);
    if (there && there.capacity >= facts.size && input.isPlaced(host.id, store.name, volume))
      reasons.push(`${file} of the template is on ${store.name} already`);
    else {
      const planned = work.steps.find((step) => step.action.verb === "image.place" && step.action.volume === volume);
      after.add(
        planned?.n ??
          work.step({
            hostId: host.id,
            target: { kind: "datastore", id: store.known?.id, name: store.name },
            action: { verb: "image.place", image: `${template.name}/${file}`, ...facts, datastore: store.name, volume },
            reasons: [`the VM boots from ${file} of the template ${template.name}, which is not on ${store.name} yet`],
            after: store.after,
          }),
      );
    }
    return there?.path ?? `${store.path === "/" ? "" : store.path}/${volume}`;
  };
  // What the VM writes to must be a copy of its own; what is only read serves every VM.
  const own = (text: string, name: string, why: string): string => {
    if (!text.startsWith("image:")) return text;
    const placed = place(text);
    const store = storeFor(undefined);
    const volume = freeVolumeName(
      store,
      name,
      ".img",
      uuid,
      new Set(work.steps.flatMap((each) => (each.action.verb === "volume.create" ? each.action.volume : []))),
    );
    const copied = work.step({
      hostId: host.id,
      target: { kind: "datastore", id: store.known?.id, name: store.name },
      action: {
        verb: "volume.create",
        datastore: store.name,
        volume,
        capacity: template!.files.get(text.slice("image:".length))!.size,
        format: "raw",
        from: placed.slice(placed.lastIndexOf("/") + 1),
      },
      reasons: [why],
      after: [...store.after, ...after],
    });
    after.add(copied);
    return `${store.path}/${volume}`;
  };
  if (spec.boot)
    spec.boot = { ...spec.boot, kernel: place(spec.boot.kernel), ...(spec.boot.initramfs === undefined ? {} : { initramfs: place(spec.boot.initramfs) }) };
  if (spec.container)
    spec.container = {
      ...spec.container,
      root: own(spec.container.root, `${spec.name}-root`, "a container writes into its root file system, so it has a copy of its own"),
    };
  spec.disks = spec.disks.map((disk) => {
    if (!disk.source?.startsWith("image:")) return disk;
    return {
      ...disk,
      source:
        disk.readOnly || disk.device === "cdrom"
          ? place(disk.source)
          : own(disk.source, `${spec.name}-${disk.target}`, `${disk.target} is written to, so it is a copy of the template's`),
    };
  });
}
