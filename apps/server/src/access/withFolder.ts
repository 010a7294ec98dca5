import { PolyvisorError } from "@polyvisor/model";
import type { Access } from "./access.ts";
import { Folders } from "./folders.ts";
import type { Viewer } from "./viewer.ts";

/** A request with the folder that it names by id, if the caller sees that. @throws PolyvisorError `notFound` */
export function withFolder<T extends object>(access: Access, viewer: Viewer, request: T): T {
  const { folder } = request as { folder?: unknown };
  if (folder === undefined || folder === null) return request;
  if (typeof folder !== "string") throw new PolyvisorError("badRequest", { detail: "a folder is named by its id or path", where: "/folder" });
  return { ...request, folder: new Folders(access).find(viewer, folder).id };
}
