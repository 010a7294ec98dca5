import { withFolder } from "../../access/withFolder.ts";
import type { Handlers, Services } from "../handler.ts";
import { objectAt, objectOf, pageAt, pageOf, windowOf } from "./pageOf.ts";

type Mine = "vmList" | "vmGet" | "vmChange" | "vmDefinition" | "vmExplain" | "vmSamples" | "vmScreenshot";

/** VMs: what is known of them, and what is asked of their host at once. */
export function vmHandlers({ control, access }: Services): Pick<Handlers, Mine> {
  const { estate, hosts, samples, vms } = control;
  const vmOf = (ref: string) => objectOf(estate, "vm", ref);
  return {
    vmList({ query, viewer }) {
      if (query.at !== undefined) return pageAt(control, viewer, "vm", query);
      const page = pageOf(viewer.estate, "vm", query);
      return query.counts ? { ...page, counts: viewer.estate.counts() } : page;
    },
    vmGet: ({ params, query, viewer }) => objectAt(control, viewer, "vm", params.id, query.at),
    vmChange({ params, body, ifRevision, viewer }) {
      const vm = vmOf(params.id);
      if (body.notes !== undefined) viewer.must("vm.edit", vm);
      if (body.tags !== undefined || body.folder !== undefined) viewer.must("vm.organise", vm);
      return vms.change(vm.id, withFolder(access, viewer, body), ifRevision, (before, after) => viewer.mustNotWiden("vm.organise", before, after));
    },
    async vmDefinition({ params, query }) {
      const vm = vmOf(params.id);
      return { type: "application/xml; charset=utf-8", body: await hosts.hypervisor(vm.hostId).definition(vm.nativeId, query.which) };
    },
    vmExplain: ({ params }) => vms.explain(vmOf(params.id).id),
    async vmSamples({ params, query }) {
      const { from, to } = windowOf(query, Date.now());
      return samples.history("vm", vmOf(params.id).id, { from, to, step: query.step });
    },
    async vmScreenshot({ params }) {
      const vm = vmOf(params.id);
      const { type, bytes } = await hosts.hypervisor(vm.hostId).screenshot(vm.nativeId);
      // Only types of pictures that no browser takes for a page.
      return {
        type: /^image\/(png|jpeg|x-portable-pixmap)$/.test(type) ? type : "application/octet-stream",
        body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      };
    },
  };
}
