import { apiBase } from "@polyvisor/api";
import { viewOf } from "../../access/seenEstate.ts";
import { withFolder } from "../../access/withFolder.ts";
import type { Handlers, Services } from "../handler.ts";
import { objectAt, objectOf, pageAt, windowOf } from "./pageOf.ts";

type Mine = "hostList" | "hostAdd" | "hostTest" | "hostGet" | "hostChange" | "hostRemove" | "hostReconnect" | "hostSamples" | "sampleStorage" | "loadList";

/** Hosts and the load of everything. */
export function hostHandlers({ control, access }: Services): Pick<Handlers, Mine> {
  const { estate, hosts, samples } = control;
  return {
    hostList: ({ query, viewer }) => pageAt(control, viewer, "host", query),
    async hostAdd({ body, caller, reply }) {
      const host = await hosts.add(body, caller.account);
      reply.header("location", `${apiBase}/hosts/${host.id}`);
      return host;
    },
    hostTest: ({ body }) => hosts.test(body),
    hostGet: ({ params, query, viewer }) => objectAt(control, viewer, "host", params.id, query.at),
    hostChange: ({ params, body, ifRevision, viewer }) =>
      hosts.change(objectOf(estate, "host", params.id).id, withFolder(access, viewer, body), ifRevision, (before, after) =>
        viewer.mustNotWiden("host.administer", before, after),
      ),
    hostRemove: ({ params, ifRevision }) => hosts.remove(objectOf(estate, "host", params.id).id, ifRevision),
    hostReconnect: ({ params }) => hosts.reconnect(objectOf(estate, "host", params.id).id),
    async hostSamples({ params, query }) {
      const { from, to } = windowOf(query, Date.now());
      return samples.history("host", objectOf(estate, "host", params.id).id, { from, to, step: query.step });
    },
    sampleStorage: () => samples.storage(),
    loadList: ({ query, viewer }) => ({ items: samples.present(query.kind, query.sort, query.limit, viewer.bits(query.kind, viewOf[query.kind])) }),
  };
}
