import { quoteName } from "@polyvisor/api/client";
import type { Datastore } from "@polyvisor/model";
import { useAnswer } from "../../live/useAnswer.ts";

/** Datastores of a host that are offered; further ones can be typed. */
const most = 200;

/** Datastores of a host, and what lies on them as it is written for a disk: `datastore/volume`. Nothing where no host is said. */
export function useVolumes(host: string | undefined): { stores: readonly Datastore[]; volumes: (kind: "disk" | "medium") => string[] } {
  const { data } = useAnswer("datastoreList", { query: { limit: most, filter: `host = ${quoteName(host ?? "")}` } }, host !== undefined && host !== "");
  const stores = data?.items ?? [];
  return {
    stores,
    volumes: (kind) =>
      stores.flatMap((store) =>
        store.volumes.filter(({ name }) => /\.(iso|img)$/i.test(name) === (kind === "medium")).map(({ name }) => `${store.name}/${name}`),
      ),
  };
}
