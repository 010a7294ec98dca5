import type { Handlers, Services } from "../handler.ts";
import { objectAt, objectOf, pageAt, pageOf, windowOf } from "./pageOf.ts";

type Mine = "vmList" | "vmGet" | "vmChange" | "vmDefinition" | "vmExplain" | "vmSamples" | "vmScreenshot";

/** VMs: what is known of them, and what is asked of their host at once. */
export function vmHandlers({ control }: Services): Pick<Handlers, Mine> {
  const { estate, hosts, samples, vms } = control;
  const vmOf = (ref: string) => objectOf(estate, "vm", ref);
  return {
    vmList({ query }) {
      if (query.at !== undefined) return pageAt(control, "vm", query);
      const page = pageOf(estate, "vm", query);
      return query.counts ? { ...page, counts: estate.counts() } : page;
    },
    vmGet: ({ params, query }) => objectAt(control, "vm", params.id, query.at),
    vmChange: ({ params, body, ifRevision }) => vms.change(vmOf(params.id).id, body, ifRevision),
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
