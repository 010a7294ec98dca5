import { PolyvisorError } from "@polyvisor/model";
import type { FastifyInstance } from "fastify";

// Names by which an object's prototype could be reached, in any of JSON's spellings of an underscore.
const reachesPrototype = /"(?:_|\\u005[fF]){2}proto(?:_|\\u005[fF]){2}"\s*:/;

/** No request of ours nests deeper than 8. */
const deepest = 64;

/** Whether brackets nest too deep. Found by looking, because parsing millions of them takes most of a second. */
function tooDeep(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++;
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > deepest) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}

/** Reads JSON bodies. An error tells the place and repeats nothing of the body, which may hold a pass phrase. */
export function readJson(text: string): unknown {
  if (text.length === 0) throw new PolyvisorError("badRequest", { detail: "the content type says JSON and the body is empty" });
  if (tooDeep(text)) throw new PolyvisorError("badRequest", { detail: `the body nests deeper than ${deepest}`, where: "the body" });
  if (reachesPrototype.test(text)) throw new PolyvisorError("badRequest", { detail: "the body has a field named __proto__" });
  try {
    return JSON.parse(text);
  } catch (error) {
    const at = /position (\d+)/.exec((error as Error).message)?.[1];
    throw new PolyvisorError("badRequest", { detail: `the body is not JSON${at === undefined ? "" : ` (at character ${Number(at) + 1})`}`, where: "the body" });
  }
}

export function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    try {
      done(null, readJson(body as string));
    } catch (error) {
      done(error as Error);
    }
  });
}
