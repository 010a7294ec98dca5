import { PolyvisorError } from "@polyvisor/model";
import { logRoomsOf, type LogRooms } from "../../logRooms.ts";
import { supportBundle, type SupportSources } from "../../support/supportBundle.ts";
import type { Handlers, Services } from "../handler.ts";

type Mine = "logLevelsGet" | "logLevelsSet" | "supportBundle";

/** What concerns the server that answers, and not the estate. */
export function operationHandlers({ control, support, log }: Services): Pick<Handlers, Mine> {
  const sources = (): SupportSources => {
    if (support === undefined) throw new PolyvisorError("notSupported", { detail: "this server was started without its operation part" });
    return support;
  };
  const rooms = (): LogRooms => {
    const found = logRoomsOf(sources().log);
    if (found === undefined) throw new PolyvisorError("notSupported", { detail: "this server's log has no levels that can be changed" });
    return found;
  };
  return {
    logLevelsGet: () => rooms().now(),
    logLevelsSet({ body: { level, room } }) {
      const levels = rooms();
      if (room !== undefined && !levels.has(room))
        throw new PolyvisorError("notFound", {
          detail: `the log has no room "${room}"`,
          where: "/room",
          remedy: `There are ${Object.keys(levels.now().rooms).join(", ")}.`,
        });
      if (room === undefined && level === "default")
        throw new PolyvisorError("badRequest", { detail: "only a room goes back to the server's level", where: "/level" });
      levels.set(level, room);
      log.warn({ what: room ?? "all rooms", name: level }, "the level of the log was changed");
      return levels.now();
    },
    async supportBundle({ reply }) {
      reply.header("content-disposition", 'attachment; filename="polyvisor-support.tar.gz"').header("cache-control", "no-store");
      return { type: "application/gzip", body: await supportBundle(sources(), control) };
    },
  };
}
