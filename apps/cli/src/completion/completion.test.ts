import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { completeFilter } from "@polyvisor/api";
import { describe, expect, it } from "vitest";
import { aHost, aVm } from "../testing/documents.ts";
import { fixtureServer, type FixtureServer } from "../testing/fixtureServer.ts";
import { complete } from "./complete.ts";
import { bashScript, zshScript } from "./scripts.ts";

async function offered(words: string[], server?: FixtureServer): Promise<string[]> {
  const lines: string[] = [];
  await complete(["--", ...words], { HOME: "/nonexistent", POLYVISOR_URL: server?.url ?? "http://127.0.0.1:1" }, (line) => lines.push(line.split("\t")[0]!));
  return lines;
}

describe("completion", () => {
  it("offers commands, nouns and their verbs", async () => {
    expect(await offered(["sta"])).toEqual(["state", "start"]);
    expect(await offered(["snap"])).toEqual(["snapshot"]);
    expect(await offered(["snapshot", ""])).toEqual(["create", "list", "revert", "delete"]);
    expect(await offered(["vm", "mig"])).toEqual(["migrate"]);
    expect(await offered(["completion", ""])).toEqual(["bash", "zsh"]);
  });
  it("offers options and their values", async () => {
    expect(await offered(["start", "--d"])).toEqual(["--dry-run"]);
    expect(await offered(["list", "-o", "j"])).toEqual(["json"]);
    expect(await offered(["create", "--firmware", ""])).toEqual(["bios", "efi"]);
  });
  it("offers the names that exist now, asked for by their beginning", async () => {
    await using server = await fixtureServer({
      vmList: () => ({ items: [aVm(), aVm({ name: "web; rm -rf /" }), aVm({ name: "web$(x)" })], total: 3 }),
      hostList: () => ({ items: [aHost()], total: 1 }),
    });
    expect(await offered(["console", "we"], server)).toEqual(["web1"]);
    expect(server.of("vmList")[0]!.query).toMatchObject({ filter: "name=we*", fields: "id,name" });
    expect(await offered(["start", "host="], server)).toEqual(["host=h1"]);
    expect(await offered(["list", "state=run"])).toEqual(["state=running"]);
    expect(await offered(["list", "state=off,pau"])).toEqual(["state=off,paused"]);
    expect(await offered(["create", "x", "--host", ""], server)).toEqual(["h1"]);
  });
  it("asks the server what may stand in an expression", async () => {
    await using server = await fixtureServer({
      filterComplete: ({ query }) => completeFilter(query["text"]!, query["text"]!.length, query["kind"] as "vm"),
    });
    expect(await offered(["list", "state = ru"], server)).toEqual(["state = running"]);
    expect(await offered(["list", "'state = ru"], server)).toEqual(["'state = running"]);
    expect(await offered(["list", "state", "=", "ru"], server)).toEqual(["running"]);
    expect(await offered(["list", "tag=web and host.poo"], server)).toEqual(["tag=web and host.pool"]);
    expect(await offered(["list", "host.po"], server)).toEqual(["host.pool"]);
    expect(await offered(["host", "list", "state in (lo"], server)).toEqual(["state in (lost"]);
    expect(await offered(["list", "--filter", "state = ru"], server)).toEqual(["state = running"]);
    expect(server.of("filterComplete").map(({ query }) => query["kind"])).toEqual(["vm", "vm", "vm", "vm", "vm", "host", "vm"]);
  });
  it("is silent where no server is", async () => expect(await offered(["console", "x"])).toEqual([]));
  it("leaves files to the shell", async () => expect(await offered(["define", "x"])).toEqual([":files"]));

  /** A `polyvisor` on the PATH and the script beside it. */
  function shellFolder(script: string): { folder: string; env: NodeJS.ProcessEnv } & Disposable {
    const folder = mkdtempSync(join(tmpdir(), "polyvisor-completion-"));
    const program = join(folder, "polyvisor");
    writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${join(import.meta.dirname, "../main.ts")}" "$@"\n`);
    chmodSync(program, 0o755);
    writeFileSync(join(folder, "script"), script);
    return {
      folder,
      env: { PATH: `${folder}:${process.env["PATH"]}`, POLYVISOR_URL: "http://127.0.0.1:1", HOME: folder },
      [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
    };
  }
  it("works in bash, with a word that holds =", () => {
    using shell = shellFolder(bashScript);
    const ask = (line: string, words: string[]): string =>
      execFileSync(
        "bash",
        [
          "-c",
          `source "$1"; COMP_LINE="$2"; COMP_POINT=\${#COMP_LINE}; COMP_WORDS=("\${@:3}"); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); compopt() { :; }; _polyvisor; printf '%s\\n' "\${COMPREPLY[@]}"`,
          "bash",
          join(shell.folder, "script"),
          line,
          ...words,
        ],
        { encoding: "utf8", env: shell.env },
      ).trim();
    expect(ask("polyvisor sta", ["polyvisor", "sta"])).toBe("state\nstart");
    expect(ask("polyvisor list state=run", ["polyvisor", "list", "state", "=", "run"])).toBe("running");
    expect(ask("polyvisor snapshot ", ["polyvisor", "snapshot", ""])).toBe("create\nlist\nrevert\ndelete");
  });
  it.skipIf(!existsSync("/usr/bin/zsh"))("works in zsh, with meanings", () => {
    using shell = shellFolder(zshScript);
    const ask = (...words: string[]): string =>
      execFileSync(
        "/usr/bin/zsh",
        [
          "-f",
          "-c",
          `compdef() { :; }; compadd() { print -l -- $values; print -l -- $described }; source "$1"; words=("\${@:2}") CURRENT=$#words; _polyvisor`,
          "zsh",
          join(shell.folder, "script"),
          ...words,
        ],
        { encoding: "utf8", env: shell.env },
      ).trim();
    expect(ask("polyvisor", "sta")).toMatch(/^state\nstart\nstate -- print.*\nstart -- start VMs/);
    expect(ask("polyvisor", "list", "state=run")).toBe("state=running\nstate=running");
  });
  it("gives zsh a script that names its command", () => expect(zshScript).toMatch(/^#compdef polyvisor\n/));
});
