import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The upstream version the stubs are made from: that of Debian 12, whose packaging revisions leave its source as it is. */
export const PINNED = "9.0.0";

const WANTED = [
  "src/rpc/virnetprotocol.x",
  "src/rpc/virkeepaliveprotocol.x",
  "src/remote/remote_protocol.x",
  "src/remote/qemu_protocol.x",
  "src/remote/lxc_protocol.x",
  "src/libvirt_internal.h",
  "include/libvirt/*.h",
  "include/libvirt/libvirt-common.h.in",
];

/** deb-src counterparts of every Debian `deb` line that this machine's own apt uses. */
function sourceLists(): string {
  const lines: string[] = [];
  for (const file of globSync("/etc/apt/sources.list.d/*.sources")) {
    for (const stanza of readFileSync(file, "utf8").split(/\n\s*\n/)) {
      const body = stanza.split("\n").filter((line) => !line.startsWith("#"));
      const get = (key: string): string | undefined => body.find((line) => line.toLowerCase().startsWith(`${key}:`))?.slice(key.length + 1).trim();
      const [uris, suites, components] = [get("uris"), get("suites"), get("components")];
      const signedBy = get("signed-by");
      if (!get("types")?.split(/\s+/).includes("deb") || !uris || !suites || !components?.split(/\s+/).includes("main")) continue;
      for (const uri of uris.split(/\s+/)) for (const suite of suites.split(/\s+/)) {
        lines.push(`deb-src ${signedBy ? `[signed-by=${signedBy}] ` : ""}${uri} ${suite} main`);
      }
    }
  }
  for (const file of ["/etc/apt/sources.list", ...globSync("/etc/apt/sources.list.d/*.list")]) {
    if (!existsSync(file)) continue;
    for (const line of readFileSync(file, "utf8").split("\n")) {
      if (/^deb\s/.test(line) && /\smain(\s|$)/.test(line)) lines.push(line.replace(/^deb/, "deb-src"));
    }
  }
  if (lines.length === 0) throw new Error("no apt source with a main component under /etc/apt: add one, or unpack libvirt's source yourself and pass its folder as the first argument");
  return `${lines.join("\n")}\n`;
}

/** Folder with the wanted files of the pinned libvirt source, downloaded with apt on first use. */
export function libvirtSource(cacheFolder: string): string {
  const folder = join(cacheFolder, `libvirt-${PINNED}`);
  if (existsSync(join(folder, "src/remote/remote_protocol.x"))) return folder;
  const apt = join(cacheFolder, "apt");
  for (const sub of ["lists/partial", "cache/archives/partial", "download"]) mkdirSync(join(apt, sub), { recursive: true });
  writeFileSync(join(apt, "sources.list"), sourceLists());
  const options = [
    `Dir::Etc::sourcelist=${join(apt, "sources.list")}`, "Dir::Etc::sourceparts=/dev/null/none",
    `Dir::State::lists=${join(apt, "lists")}`, `Dir::Cache=${join(apt, "cache")}`, "APT::Get::List-Cleanup=false", "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option]);
  const stdio: ["ignore", "ignore", "inherit"] = ["ignore", "ignore", "inherit"];
  const tarball = join(apt, "download", `libvirt_${PINNED}.orig.tar.xz`);
  try {
    execFileSync("apt-get", [...options, "-qq", "update"], { stdio });
    execFileSync("apt-get", [...options, "-qq", "source", "--download-only", "--tar-only", "libvirt"], { cwd: join(apt, "download"), stdio });
    if (!existsSync(tarball)) throw new Error("apt offers another version");
  } catch (error) {
    throw new Error(`libvirt ${PINNED} cannot be had with apt-get here: unpack its source yourself and pass the folder as an argument`, { cause: error });
  }
  mkdirSync(folder, { recursive: true });
  const patterns = WANTED.map((path) => `*/${path}`);
  execFileSync("tar", ["-xJf", tarball, "-C", folder, "--strip-components=1", "--wildcards", ...patterns], { stdio });
  rmSync(apt, { recursive: true, force: true });
  return folder;
}
