import { openapi } from "@polyvisor/api";
import type { Handlers, Services } from "../handler.ts";

type Mine = "infoGet" | "openapiGet" | "templateList";

/** Facts about this server and what it ships. */
export function serverHandlers({ control, version }: Services): Pick<Handlers, Mine> {
  const description = JSON.stringify(openapi(version));
  return {
    infoGet: () => ({ name: "Polyvisor", version }),
    openapiGet: () => ({ type: "application/json", body: description }),
    templateList: async () => ({ items: await control.templates.list() }),
  };
}
