import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseUri } from "../endpoint/parseUri.ts";
import { certificateFiles } from "./openTls.ts";
import { quoted, sshCommand } from "./sshCommand.ts";

/** Runs the command with made-up programs that print how they were called. */
function run(uri: string, programs: string[], readOnly = false): string {
  const folder = mkdtempSync(join(tmpdir(), "ssh-command-"));
  try {
    for (const name of programs) {
      writeFileSync(
        join(folder, name),
        `#!/bin/sh\n[ "$1" = -q ] && [ $# = 1 ] && { echo "option requires an argument" >&2; exit 1; }\nprintf '%s' '${name}'; for a; do printf '<%s>' "$a"; done\n`,
        { mode: 0o755 },
      );
    }
    return execFileSync("/bin/sh", ["-c", sshCommand(parseUri(uri), parseUri(uri).params.socket ?? "/run/libvirt-sock", readOnly)], {
      env: { PATH: `${folder}:/bin:/usr/bin` },
      encoding: "utf8",
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("command on the SSH server", () => {
  it("prefers libvirt's helper", () => {
    expect(run("qemu+ssh://h/system", ["virt-ssh-helper", "nc"])).toBe("virt-ssh-helper<qemu:///system>");
    expect(run("qemu+ssh://h/system", ["virt-ssh-helper"], true)).toBe("virt-ssh-helper<-r><qemu:///system>");
  });

  it("uses netcat for a given socket or program, however they are named", () => {
    expect(run("qemu+ssh://h/system?socket=/a%20b%27%24(id)%22", ["virt-ssh-helper", "nc"])).toBe("nc<-q0><-U></a b'$(id)\">");
    expect(run("qemu+ssh://h/system?netcat=my%20nc", ["my nc"])).toBe("my nc<-q0><-U></run/libvirt-sock>");
    expect(run("qemu+ssh://h/system?proxy=netcat", ["virt-ssh-helper", "nc"])).toBe("nc<-q0><-U></run/libvirt-sock>");
  });

  it("cannot be broken out of by the URI", () => {
    expect(run("test+ssh://h/'%60;$(id)?a=';b", ["virt-ssh-helper"])).toBe("virt-ssh-helper<test:///'%60;$(id)?a='&b>");
    expect(quoted("it's")).toBe(`'it'\\''s'`);
  });
});

describe("certificate files", () => {
  it("are the folder's, the user's, then the system's", () => {
    expect(certificateFiles("/pki", "/home/al", true).map((each) => each.key)).toEqual(["/pki/clientkey.pem"]);
    expect(certificateFiles(undefined, "/home/al", false).map((each) => each.key)).toEqual([
      "/home/al/.pki/libvirt/clientkey.pem",
      "/etc/pki/libvirt/private/clientkey.pem",
    ]);
    expect(certificateFiles(undefined, "/root", true).map((each) => each.ca)).toEqual(["/etc/pki/CA/cacert.pem"]);
  });
});
