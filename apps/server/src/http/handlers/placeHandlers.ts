import { Readable } from "node:stream";
import { PolyvisorError } from "@polyvisor/model";
import type { Handlers, Services } from "../handler.ts";
import { objectAt, objectOf, pageAt } from "./pageOf.ts";

type Mine = "datastoreList" | "datastoreGet" | "volumeRead" | "volumeWrite" | "networkList" | "networkGet";

/** Datastores with their volumes' bytes, and networks. */
export function placeHandlers({ control, stopping }: Services): Pick<Handlers, Mine> {
  const { estate, hosts } = control;
  return {
    datastoreList: ({ query, viewer }) => pageAt(control, viewer, "datastore", query),
    datastoreGet: ({ params, query, viewer }) => objectAt(control, viewer, "datastore", params.id, query.at),
    networkList: ({ query, viewer }) => pageAt(control, viewer, "network", query),
    networkGet: ({ params, query, viewer }) => objectAt(control, viewer, "network", params.id, query.at),
    async volumeRead({ params, reply }) {
      const datastore = objectOf(estate, "datastore", params.id);
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const bytes = await hosts.hypervisor(datastore.hostId).readVolume(datastore.name, params.volume, AbortSignal.any([gone.signal, stopping]));
      // The first bytes are waited for, so that what fails at once is told as a problem and not by a cut connection.
      const iterator = bytes[Symbol.asyncIterator]();
      const first = await iterator.next();
      const all = async function* (): AsyncGenerator<Uint8Array> {
        try {
          for (let item = first; !item.done; item = await iterator.next()) yield item.value;
        } finally {
          await iterator.return?.();
        }
      };
      reply.header("content-disposition", `attachment; filename*=UTF-8''${encodeURIComponent(params.volume)}`);
      return { type: "application/octet-stream", body: Readable.from(all(), { objectMode: false, highWaterMark: 1024 ** 2 }) };
    },
    async volumeWrite({ params, request }) {
      const datastore = objectOf(estate, "datastore", params.id);
      const size = Number(request.headers["content-length"] ?? "none");
      if (!Number.isSafeInteger(size))
        throw new PolyvisorError("badRequest", {
          detail: "the size of the volume's content is not told",
          where: "header Content-Length",
          remedy: "Send a Content-Length.",
        });
      const body = request.body instanceof Readable ? request.body : Readable.from([]);
      const gone = new AbortController();
      body.once("error", () => gone.abort()).once("close", () => body.readableEnded || gone.abort());
      await hosts
        .hypervisor(datastore.hostId)
        .writeVolume(datastore.name, params.volume, body as AsyncIterable<Uint8Array>, size, AbortSignal.any([gone.signal, stopping]));
    },
  };
}
