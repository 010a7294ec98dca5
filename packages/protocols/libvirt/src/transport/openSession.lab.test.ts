import { execFile } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);
const ROOT = process.getuid?.() === 0;
const NOBODY = 65_534;

/** Runs a script as an ordinary user with folders of its own: root has no session daemon. */
async function asUser(folder: string, script: string, env: Record<string, string> = {}): Promise<string> {
  const entry = join(import.meta.dirname, "../index.ts");
  const own = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    XDG_RUNTIME_DIR: join(folder, "run"),
    XDG_CONFIG_HOME: join(folder, "config"),
    XDG_CACHE_HOME: join(folder, "cache"),
    XDG_DATA_HOME: join(folder, "data"),
    ...env,
  };
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", `import { connect } from ${JSON.stringify(entry)};\n${script}`], {
    env: own,
    cwd: folder,
    ...(ROOT ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  return stdout.trim();
}

it("starts the user's own daemon when it does not run, unless it was told not to", async () => {
  const folder = mkdtempSync(join(tmpdir(), "session-"));
  const pid = join(folder, "run/libvirt/libvirtd.pid");
  try {
    for (const sub of ["", "run", "config", "cache", "data"]) {
      mkdirSync(join(folder, sub), { recursive: true, mode: 0o700 });
      if (ROOT) chownSync(join(folder, sub), NOBODY, NOBODY);
    }
    expect(await asUser(folder, `await connect("qemu:///session").catch((error) => console.log(error.kind, error.errno));`, { LIBVIRT_AUTOSTART: "0" })).toBe(
      "unreachable ENOENT",
    );
    const both = `const all = await Promise.all([connect("qemu:///session"), connect("qemu:///session")]);
      for (const each of all) { console.log((await each.call.connectGetUri()).uri); await each.close(); }`;
    expect(await asUser(folder, both)).toBe("qemu:///session\nqemu:///session");
    expect(await asUser(folder, both)).toBe("qemu:///session\nqemu:///session");
  } finally {
    try {
      process.kill(Number(readFileSync(pid, "utf8")), "SIGKILL");
    } catch {
      /* it never started */
    }
    rmSync(folder, { recursive: true, force: true });
  }
});
