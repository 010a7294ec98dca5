import { PolyvisorError } from "@polyvisor/model";
import { isAdministrator } from "../../identity/administrators.ts";
import type { Caller } from "../../identity/tokenCache.ts";
import { logRoomsOf, type LogRooms } from "../../logRooms.ts";
import { supportBundle, type SupportSources } from "../../support/supportBundle.ts";
import type { Handlers, Services } from "../handler.ts";

type Mine = "logLevelsGet" | "logLevelsSet" | "supportBundle";

/** What concerns the server that answers, and not the estate. */
export function operationHandlers({ control, support, log }: Services): Pick<Handlers, Mine> {
  const sources = (caller: Caller): SupportSources => {
    if (!isAdministrator(caller)) throw new PolyvisorError("forbidden", { detail: "only administrators look into the server itself" });
    if (support === undefined) throw new PolyvisorError("notSupported", { detail: "this server was started without its operation part" });
    return support;
  };
  const rooms = (caller: Caller): LogRooms => {
    const found = logRoomsOf(sources(caller).log);
    if (found === undefined) throw new PolyvisorError("notSupported", { detail: "this server's log has no levels that can be changed" });
    return found;
  };
  return {
    logLevelsGet: ({ caller }) => rooms(caller).now(),
    logLevelsSet({ caller, body: { level, room } }) {
      const levels = rooms(caller);
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
    async supportBundle({ caller, reply }) {
      reply.header("content-disposition", 'attachment; filename="polyvisor-support.tar.gz"').header("cache-control", "no-store");
      return { type: "application/gzip", body: await supportBundle(sources(caller), control) };
    },
  };
}
