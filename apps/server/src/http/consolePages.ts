import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PolyvisorError } from "@polyvisor/model";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Where the build of apps/console lies, in the source tree and in the package alike. */
const builtConsole = fileURLToPath(new URL("../../../console/dist", import.meta.url));

/**
 * What a page of the console may do: run and load what this server gives, and talk to this server. Styles that scripts
 * set are not held by it (CSSOM); no script and no style sheet stands in the page itself.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
};

/** A file of the build in the forms in which it can be sent. */
interface BuiltFile {
  type: string;
  plain: Buffer;
  br?: Buffer;
  gzip?: Buffer;
}

/** Everything of one build, read once: a few megabytes. */
type Build = ReadonlyMap<string, BuiltFile>;

async function readBuild(folder: string): Promise<Build> {
  const out = new Map<string, BuiltFile>();
  for (const name of await readdir(folder, { recursive: true })) {
    const type = types[extname(name)];
    if (type === undefined) continue; // .br and .gz come with what they pack
    const path = join(folder, name);
    const packed = async (suffix: string): Promise<Buffer | undefined> => readFile(path + suffix).catch(() => undefined);
    const [plain, br, gzip] = await Promise.all([readFile(path), packed(".br"), packed(".gz")]);
    out.set(name, { type, plain, ...(br ? { br } : {}), ...(gzip ? { gzip } : {}) });
  }
  return out;
}

/** Whether `Accept-Encoding` takes an encoding: named, and not with a weight of nothing. */
function takes(header: string | string[] | undefined, encoding: string): boolean {
  if (typeof header !== "string") return false;
  return header
    .slice(0, 256)
    .toLowerCase()
    .split(",")
    .some((each) => {
      const [name, ...more] = each.split(";").map((part) => part.trim());
      return name === encoding && !more.some((part) => /^q\s*=\s*0(\.0{0,3})?$/.test(part));
    });
}

function send(request: FastifyRequest, reply: FastifyReply, { type, plain, br, gzip }: BuiltFile): FastifyReply {
  const encodings = request.headers["accept-encoding"];
  const [encoding, bytes] = br && takes(encodings, "br") ? ["br", br] : gzip && takes(encodings, "gzip") ? ["gzip", gzip] : [undefined, plain];
  if (encoding !== undefined) reply.header("content-encoding", encoding);
  return reply.header("vary", "accept-encoding").type(type).send(bytes);
}

/**
 * The web console: its page at every path that is nothing else's, and its files, whose names have a hash of their content
 * in them and which a browser so keeps for good. A build that is made while the server runs counts from the next page on.
 * @param landing the page where no console is built
 * @param folder where the build is
 */
export function registerConsolePages(app: FastifyInstance, landing: string, folder: string = builtConsole): void {
  let build: Promise<Build> | undefined;
  let builtAt = 0;
  /** The present build; undefined where there is none. */
  const present = async (): Promise<Build | undefined> => {
    const at = await stat(join(folder, "index.html")).then(
      (entry) => entry.mtimeMs,
      () => 0,
    );
    if (at === 0) return undefined;
    if (build === undefined || at !== builtAt) {
      builtAt = at;
      build = readBuild(folder);
    }
    // One that is replaced while it is read is read anew the next time.
    return build.catch(() => (build = undefined));
  };

  const page = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | void> => {
    const path = request.url.split("?", 1)[0]!;
    const found = await present();
    if (found === undefined) {
      if (path !== "/") return reply.callNotFound();
      return reply.type("text/html; charset=utf-8").send(landing);
    }
    const file = found.get(path.slice(1));
    if (file !== undefined && path !== "/index.html") return send(request, reply.header("cache-control", "no-cache"), file);
    // A program that asks for something that is not there is told so; a person in a browser gets the console, which says it.
    if (path !== "/" && (/^\/(?:api|assets|problems)(?:\/|$)/.test(path) || !(request.headers.accept ?? "").includes("text/html"))) return reply.callNotFound();
    reply.header("content-security-policy", policy).header("cache-control", "no-cache").header("cross-origin-opener-policy", "same-origin");
    return send(request, reply, found.get("index.html")!);
  };
  app.get("/", page);
  app.get("/*", page);
  app.get<{ Params: { "*": string } }>("/assets/*", async (request, reply) => {
    const file = (await present())?.get(`assets/${request.params["*"]}`);
    if (file === undefined)
      throw new PolyvisorError("notFound", {
        detail: "the console has no such file; it may be one of an earlier version",
        where: "path",
        remedy: "Load the page anew.",
      });
    // A worker is held by the policy that its own file comes with.
    reply.header("content-security-policy", policy).header("cache-control", "public, max-age=31536000, immutable");
    return send(request, reply, file);
  });
}
