import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { Logger } from "pino";
import type pg from "pg";
import { vmSpecWishSchema } from "@polyvisor/model";
import type { TemplateRow } from "../controlPlane.ts";
import type { PlanTemplate } from "../plans/planInput.ts";
import { Semaphore } from "../semaphore.ts";

const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
// Nothing is filled in: what the recipe leaves out is the plan's or the operator's to say.
const specSchema = z.record(z.string(), z.unknown()).transform(({ name: _name, ...spec }) => {
  const { name: _checked, ...read } = vmSpecWishSchema.parse({ ...spec, name: "template" });
  return read;
});

/** What a recipe says of what it built (`template.json`), with the files that it names. */
export const templateFileSchema = z.object({
  name: z.string(),
  description: z.string().default(""),
  version: z.string().max(128).optional(),
  /** A VM made of it; files are written `image:NAME`. */
  spec: specSchema.optional(),
  /** The same as a container. */
  container: specSchema.optional(),
});
/** Written beside the files when all of them are there. */
export const manifestSchema = z.object({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  spec: z.record(z.string(), z.unknown()),
  containerSpec: z.record(z.string(), z.unknown()).optional(),
  files: z.record(fileName, z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().min(0) })),
});
export type Manifest = z.infer<typeof manifestSchema>;

const templateName = /^[a-z0-9][a-z0-9-]{0,63}$/;

export interface TemplatesOptions {
  /** Recipes: a folder per template with a `build.sh`. */
  recipesFolder: string;
  /** Built ones: a folder per template, in it one for each build, and `current` that names the build in use. */
  folder: string;
  pool: pg.Pool;
  log: Logger;
  /** Milliseconds that a database which is away is waited for in the middle of a step; five minutes where absent. */
  storePatience?: number;
}

/** Templates: what could be built, what is built, and where its files were brought to. */
export class Templates {
  readonly options: TemplatesOptions;
  /** With the folder that each is in. */
  #built = new Map<string, Manifest & { folder: string }>();
  #recipes: string[] = [];
  readonly #placed = new Set<string>();
  readonly #firstBuilds = new Map<string, Promise<void>>();
  /** One build of a template at a time: each begins by removing what the one before left. */
  readonly #builds = new Map<string, Semaphore>();

  constructor(options: TemplatesOptions) {
    this.options = options;
  }

  static async open(options: TemplatesOptions): Promise<Templates> {
    const templates = new Templates(options);
    const { rows } = await options.pool.query<{ key: string }>("select key from setting where key like 'placed %'");
    for (const { key } of rows) templates.#placed.add(key);
    await templates.reload();
    return templates;
  }

  /** Reads the folders anew. */
  async reload(): Promise<void> {
    const { recipesFolder, folder, log } = this.options;
    const recipes: string[] = [];
    for (const name of await namesIn(recipesFolder))
      if (templateName.test(name) && (await stat(path.join(recipesFolder, name, "build.sh")).catch(() => undefined))?.isFile()) recipes.push(name);
    const built = new Map<string, Manifest & { folder: string }>();
    for (const name of await namesIn(folder)) {
      if (!templateName.test(name)) continue;
      try {
        const place = path.join(folder, name, (await readFile(path.join(folder, name, "current"), "utf8")).trim());
        const manifest = manifestSchema.parse(JSON.parse(await readFile(path.join(place, "manifest.json"), "utf8")));
        built.set(name, { ...manifest, folder: place });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") log.warn({ template: name, err: error }, "a built template cannot be read; build it again");
      }
    }
    this.#recipes = recipes.sort();
    this.#built = built;
  }

  /** Waits until no other build of the template is under way. @returns to be called when this one is over */
  buildTurn(name: string, signal: AbortSignal): Promise<() => void> {
    let turn = this.#builds.get(name);
    if (!turn) this.#builds.set(name, (turn = new Semaphore(1)));
    return turn.enter(signal);
  }

  /** Names of recipes. */
  recipes(): readonly string[] {
    return this.#recipes;
  }

  /** Built templates, as plans see them. */
  forPlans(): Map<string, PlanTemplate> {
    return new Map(
      [...this.#built].map(([name, { spec, containerSpec, files }]) => [
        name,
        { name, spec: spec as PlanTemplate["spec"], containerSpec: containerSpec as PlanTemplate["containerSpec"], files: new Map(Object.entries(files)) },
      ]),
    );
  }

  /** Path of a file of a built template whose contents have this checksum. */
  fileOf(image: string, sha256: string): string | undefined {
    const [name = "", file = ""] = image.split("/");
    const manifest = this.#built.get(name);
    return manifest?.files[file]?.sha256 === sha256 ? path.join(manifest.folder, file) : undefined;
  }

  isPlaced(hostId: string, datastore: string, volume: string): boolean {
    return this.#placed.has(placedKey(hostId, datastore, volume));
  }

  /** The same, also when another server brought it there. */
  async wasPlaced(hostId: string, datastore: string, volume: string): Promise<boolean> {
    const key = placedKey(hostId, datastore, volume);
    if (this.#placed.has(key)) return true;
    const { rowCount } = await this.options.pool.query("select 1 from setting where key = $1", [key]);
    if (rowCount === 1) this.#placed.add(key);
    return rowCount === 1;
  }

  isBuilt(name: string): boolean {
    return this.#built.has(name);
  }

  /** Builds a template that this server does not have; who asks for the same meanwhile waits for that. */
  async have(name: string, build: () => Promise<unknown>): Promise<void> {
    if (this.isBuilt(name)) return;
    let first = this.#firstBuilds.get(name);
    if (!first) {
      first = build()
        .then(() => undefined)
        .finally(() => this.#firstBuilds.delete(name));
      this.#firstBuilds.set(name, first);
    }
    await first;
  }

  /** Remembers that a file was brought to a datastore completely. */
  async markPlaced(hostId: string, datastore: string, volume: string): Promise<void> {
    const key = placedKey(hostId, datastore, volume);
    await this.options.pool.query("insert into setting (key, value) values ($1, '{}') on conflict (key) do nothing", [key]);
    this.#placed.add(key);
  }

  async list(): Promise<TemplateRow[]> {
    await this.reload();
    return [...new Set([...this.#recipes, ...this.#built.keys()])].sort().map((name) => {
      const manifest = this.#built.get(name);
      if (!manifest) return { name, built: false, description: "not built yet" };
      return {
        name,
        built: true,
        version: manifest.version,
        description: manifest.description,
        size: Object.values(manifest.files).reduce((sum, file) => sum + file.size, 0),
      };
    });
  }
}

const placedKey = (hostId: string, datastore: string, volume: string): string => `placed ${hostId} ${datastore} ${volume}`;

const namesIn = async (folder: string): Promise<string[]> => (await readdir(folder).catch(() => [])) as string[];
