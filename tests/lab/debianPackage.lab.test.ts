import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

let folder: string;
let deb: string;
/** What the package has, by its path, with mode and owner. */
let contents: Map<string, string>;
let stage: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "polyvisor-package-"));
  stage = join(folder, "stage");
  const { stdout } = await run(join(root, "polyvisor"), ["package", "--version", "9.8.7", folder], {
    env: { ...process.env, POLYVISOR_DEB_COMPRESSION: "none" },
  });
  deb = stdout.trim();
  const { stdout: list } = await run("dpkg-deb", ["--contents", deb], { maxBuffer: 64 * 1024 ** 2 });
  contents = new Map(
    list
      .trim()
      .split("\n")
      .map((line) => line.split(/\s+/))
      .map(([mode, owner, , , , path]) => [path!.replace(/^\./, ""), `${mode} ${owner}`]),
  );
  await run("dpkg-deb", ["--raw-extract", deb, stage]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (path: string): string => readFileSync(join(stage, path), "utf8");

describe("the Debian package", () => {
  it("is named and described as Debian wants it", async () => {
    expect(deb).toMatch(/\/polyvisor_9\.8\.7_(amd64|arm64)\.deb$/);
    const { stdout } = await run("dpkg-deb", ["--field", deb]);
    expect(stdout).toMatch(/^Package: polyvisor$/m);
    expect(stdout).toMatch(/^Version: 9\.8\.7$/m);
    expect(stdout).toMatch(/^Recommends: postgresql \(>= 14\), libvirt-daemon-system/m);
    expect(Number(/^Installed-Size: (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(50_000);
    expect(read("DEBIAN/conffiles")).toBe("/etc/polyvisor/polyvisor.conf\n");
  });

  it("belongs to root, can be changed by nobody else, and keeps its settings from the eyes of others", () => {
    for (const [path, what] of contents) {
      expect(what, path).toMatch(/ root\/root$/);
      if (!what.startsWith("l")) expect(what, path).toMatch(/^.rw[x-]r-[x-](?:r-[x-]|---) /);
    }
    expect(contents.get("/etc/polyvisor/polyvisor.conf")).toBe("-rw-r----- root/root");
    for (const each of ["/usr/bin/polyvisor", "/usr/sbin/polyvisor-server", "/usr/lib/polyvisor/bin/node"])
      expect(contents.get(each)).toBe("-rwxr-xr-x root/root");
  });

  it("has what runs, and nothing of tests, tools, or other machines", () => {
    for (const each of [
      "/lib/systemd/system/polyvisor.service",
      "/usr/lib/sysusers.d/polyvisor.conf",
      "/usr/lib/tmpfiles.d/polyvisor.conf",
      "/usr/share/bash-completion/completions/polyvisor",
      "/usr/share/zsh/vendor-completions/_polyvisor",
      "/usr/share/doc/polyvisor/copyright",
    ])
      expect(contents.has(each), each).toBe(true);
    const wrong = [...contents.keys()].filter((path) => /\.test\.ts$|\/lab\/|\/vitest\/|\/typescript\/|\/oxlint|\/bench\/|\.d\.ts$|\/\.git/.test(path));
    expect(wrong).toEqual([]);
    for (const each of ["polyvisor.1", "polyvisor.conf.5", "polyvisor-server.8"]) {
      const page = gunzipSync(readFileSync(join(stage, `usr/share/man/man${each.at(-1)}/${each}.gz`))).toString();
      expect(page).toContain("Polyvisor 9.8.7");
      expect(page).not.toContain("@VERSION@");
    }
  });

  it("runs from where it is: every module of the server and of the command line is there", async () => {
    const lib = join(stage, "usr/lib/polyvisor");
    const node = join(lib, "bin/node");
    const env = { PATH: "/usr/bin:/bin", HOME: folder };
    expect((await run(node, [join(lib, "apps/server/src/main.ts"), "--help"], { env })).stdout).toContain("--config FILE");
    // Each command's own code, which is loaded when it runs.
    const commands = join(lib, "apps/cli/src/commands");
    const load = `for (const each of process.argv.slice(1)) await import(each);`;
    await run(node, ["--input-type=module", "-e", load, ...readdirSync(commands).map((each) => join(commands, each))], { env });
    await expect(run(join(stage, "usr/bin/polyvisor"), ["up"], { env })).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("systemctl start polyvisor") as string,
    });
  });

  it("has settings that the server takes as they are, and with every line switched on", async () => {
    const conf = read("etc/polyvisor/polyvisor.conf");
    const { parseConfig } = await import("../../apps/server/src/configFile.ts");
    const { fileSettings: known } = await import("../../apps/server/src/config.ts");
    expect([...parseConfig(conf, "conf", known)]).toEqual([["data", ["/var/lib/polyvisor"]]]);
    const all = parseConfig(conf.replace(/^#(?=[a-z-]+ = )/gm, ""), "conf", known);
    expect([...all.keys()].sort()).toEqual(Object.keys(known).sort());
    const manual = gunzipSync(readFileSync(join(stage, "usr/share/man/man5/polyvisor.conf.5.gz"))).toString();
    for (const name of Object.keys(known)) expect(manual).toContain(name.replaceAll("-", "\\-"));
    expect(read("usr/sbin/polyvisor-server")).toContain("--config /etc/polyvisor/polyvisor.conf");
  });

  it("has maintainer scripts that a shell understands", async () => {
    for (const each of ["postinst", "prerm", "postrm"]) {
      await run("sh", ["-n", join(stage, "DEBIAN", each)]);
      expect(statSync(join(stage, "DEBIAN", each)).mode & 0o777).toBe(0o755);
    }
  });

  it("has a unit that systemd understands and finds hardened", async () => {
    expect(existsSync("/usr/bin/systemd-analyze"), "the lab installs systemd's tools").toBe(true);
    const { stdout } = await run("systemd-analyze", ["security", "--offline=yes", `--root=${stage}`, "--threshold=20", "--json=short", "polyvisor.service"]);
    const open = (JSON.parse(stdout) as { set: boolean | null; json_field: string }[]).filter((each) => each.set === false).map((each) => each.json_field);
    // Each of these is explained in docs/decisions/2026-11-21-operation.md.
    expect(open.sort()).toEqual([
      "DeviceAllow",
      "IPAddressDeny",
      "MemoryDenyWriteExecute",
      "NotifyAccess",
      "PrivateNetwork",
      "RestrictAddressFamilies_AF_INET_INET6",
      "RestrictAddressFamilies_AF_NETLINK",
      "RestrictAddressFamilies_AF_UNIX",
      "RootDirectoryOrRootImage",
    ]);
    // What verify says of a settings line that it does not know; other units are not in the package.
    const said = await run("systemd-analyze", ["verify", `--root=${stage}`, "--man=no", "polyvisor.service"]).then(
      (each) => each.stderr,
      (error: { stderr: string }) => error.stderr,
    );
    expect(said.split("\n").filter((line) => /polyvisor\.service:\d+:/.test(line))).toEqual([]);
  });
});
