import { openapi } from "@polyvisor/api";
import type { Handlers, Services } from "../handler.ts";

type Mine = "infoGet" | "openapiGet" | "serverList" | "templateList";

/** Facts about this server and what it ships. */
export function serverHandlers({ control, version }: Services): Pick<Handlers, Mine> {
  const description = JSON.stringify(openapi(version));
  return {
    infoGet: () => ({ name: "Polyvisor", version }),
    openapiGet: () => ({ type: "application/json", body: description }),
    serverList: async () => ({ items: await control.cluster.servers() }),
    templateList: async () => ({ items: await control.templates.list() }),
  };
}
