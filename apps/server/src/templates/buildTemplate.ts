import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { PolyvisorError } from "@polyvisor/model";
import { templateFileSchema, type Manifest, type Templates } from "./templates.ts";

const deadlineMs = 30 * 60_000;

/**
 * Runs a template's recipe in a folder of its own, reads what it made, and puts it in use in one move. A build that
 * fails, is cancelled or is killed leaves nothing behind that counts, and what was in use before stays in use: also
 * when the same version is built again.
 */
export async function buildTemplate(
  templates: Templates,
  name: string,
  context: { signal: AbortSignal; progress(fraction: number, message?: string): void },
): Promise<{ message: string }> {
  const leave = await templates.buildTurn(name, context.signal);
  try {
    return await buildAlone(templates, name, context);
  } finally {
    leave();
  }
}

async function buildAlone(templates: Templates, name: string, context: Parameters<typeof buildTemplate>[2]): Promise<{ message: string }> {
  const { recipesFolder, folder } = templates.options;
  const home = path.join(folder, name);
  await mkdir(home, { recursive: true, mode: 0o755 });
  for (const left of await readdir(home)) if (left.startsWith("building-")) await rm(path.join(home, left), { recursive: true, force: true });
  const work = await mkdtemp(path.join(home, "building-"));
  try {
    await runRecipe(path.join(recipesFolder, name, "build.sh"), work, context);
    const manifest = await describe(name, work);
    await writeFile(path.join(work, "manifest.json"), JSON.stringify(manifest, undefined, 2));
    await sync(path.join(work, "manifest.json"));
    await sync(work);
    await putInUse(home, work, manifest.version);
    await templates.reload();
    return { message: `version ${manifest.version} of ${name} can be used` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC")
      throw new PolyvisorError("noSpace", { detail: `there is not enough space in the data folder to build ${name}`, cause: error });
    throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Moves what was built beside the former one, names it as the one in use, and only then removes older ones. */
async function putInUse(home: string, work: string, version: string): Promise<void> {
  const former = await readFile(path.join(home, "current"), "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
  const there = new Set(await readdir(home));
  const wish = /^(current(\.new)?$|building-)/.test(version) ? `v-${version}` : version; // these are ours
  let name = wish;
  for (let n = 2; there.has(name); n++) name = `${wish}~${n}`;
  await rename(work, path.join(home, name));
  await sync(home);
  const next = path.join(home, "current.new");
  await writeFile(next, `${name}\n`);
  await sync(next);
  await rename(next, path.join(home, "current"));
  await sync(home);
  // The former one is perhaps being read: it goes with the build after this one.
  for (const each of await readdir(home, { withFileTypes: true }))
    if (each.isDirectory() && each.name !== name && each.name !== former) await rm(path.join(home, each.name), { recursive: true, force: true });
}

/** Runs `build.sh OUTPUT`. Lines `P% text` on its output are progress; the last lines it wrote tell why it failed. */
async function runRecipe(script: string, output: string, context: { signal: AbortSignal; progress(fraction: number, message?: string): void }): Promise<void> {
  const child = spawn("/bin/sh", ["-c", 'exec "$0" "$1"', script, output], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    env: { ...proxies(), PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8", HOME: output },
  });
  const last: string[] = [];
  const keep = (line: string): void => {
    last.push(line.slice(0, 300));
    if (last.length > 8) last.shift();
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    const told = /^\s*(\d{1,3})%\s*(.*)$/.exec(line);
    if (told) context.progress(Math.min(100, Number(told[1])) / 100, told[2]);
    else keep(line);
  });
  createInterface({ input: child.stderr }).on("line", keep);
  const kill = (): void => {
    try {
      process.kill(-child.pid!, "SIGKILL"); // the recipe's whole group
    } catch {
      // over already
    }
  };
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(deadlineMs)]);
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => signal.removeEventListener("abort", kill));
  context.signal.throwIfAborted();
  if (signal.aborted)
    throw new PolyvisorError("hypervisorFailed", {
      detail: `the recipe did not end within ${deadlineMs / 60_000} minutes`,
      remedy: "Look at the network that Debian's packages come over, and try again.",
    });
  if (code !== 0)
    throw new PolyvisorError("hypervisorFailed", {
      detail: `the recipe failed with code ${code}: ${last.join(" / ") || "it said nothing"}`,
      remedy: "The detail is what the recipe said last; it needs Debian's package tools and a way to a mirror.",
    });
}

/** The way to the mirror is the server's own; nothing else of its environment is the recipe's business. */
const proxies = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(https?|ftp|no|all)_proxy$/i.test(name) || /^APT_CONFIG$/.test(name)));

async function describe(name: string, folder: string): Promise<Manifest> {
  const read = await readFile(path.join(folder, "template.json"), "utf8").catch(() => undefined);
  if (read === undefined) throw new PolyvisorError("hypervisorFailed", { detail: `the recipe of ${name} wrote no template.json` });
  const told = readTemplate(name, read);
  const files: Manifest["files"] = {};
  for (const file of (await readdir(folder)).sort()) {
    const facts = await stat(path.join(folder, file));
    if (!facts.isFile() || file.startsWith(".") || file === "template.json" || file === "manifest.json") continue;
    files[file] = { sha256: await checksum(path.join(folder, file)), size: facts.size };
    await sync(path.join(folder, file));
  }
  const version = told.version ?? createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 12);
  if (!/^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/.test(version))
    throw new PolyvisorError("hypervisorFailed", { detail: `the recipe of ${name} gave a version that is no file name` });
  return { name, version, description: told.description, spec: told.spec ?? {}, ...(told.container ? { containerSpec: told.container } : {}), files };
}

function readTemplate(name: string, text: string): ReturnType<typeof templateFileSchema.parse> {
  try {
    return templateFileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new PolyvisorError("hypervisorFailed", {
      detail: `the template.json that the recipe of ${name} wrote is not understood`,
      remedy: "It is a fault of the recipe; the log has what is wrong.",
      cause: error,
    });
  }
}

async function checksum(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
