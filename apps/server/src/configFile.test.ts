import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readConfig, type Config } from "./config.ts";
import { parseConfig } from "./configFile.ts";

const known = { port: false, name: true, database: false };
let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), "config-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(text: string): string {
  const file = path.join(folder, "polyvisor.conf");
  writeFileSync(file, text);
  return file;
}
const read = (text: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Config => readConfig(["--config", written(text), ...args], env, true) as Config;

describe("a configuration file", () => {
  test("is lines of NAME = VALUE; a # within a value belongs to it", () => {
    const settings = parseConfig('# note\n\nport = 9000\r\nname=a\n  name = "b c"\ndatabase = postgresql://u:p#1@h/d\n', "f", known);
    expect([...settings]).toEqual([
      ["port", ["9000"]],
      ["name", ["a", "b c"]],
      ["database", ["postgresql://u:p#1@h/d"]],
    ]);
  });

  test.each<[string, string, RegExp]>([
    ["no setting", "port 9000", /f, line 1: this is no setting/],
    ["an unknown name", "\ncolour = red", /line 2: there is no setting "colour"[^]*port, name, database/],
    ["a name of the prototype", "__proto__ = x", /no setting|is no setting/],
    ["another of it", "constructor = x", /no setting "constructor"/],
    ["nothing", "port =", /"port" has no value/],
    ["twice what is there once", "port = 1\nport = 2", /line 2: "port" stands there twice/],
    ["a control character", "name = a\u0001b", /control character/],
  ])("%s is refused with its line", (_, text, message) => {
    expect(() => parseConfig(text, "f", known)).toThrow(message);
  });

  test("an error never shows a value, which may hold a pass phrase", () => {
    expect(() => parseConfig("databse = postgresql://u:geheim@h/d", "f", known)).toThrow(/^(?![^]*geheim)/);
  });

  test("the environment goes before it, and the arguments before both", () => {
    const text = "port = 9000\nlisten = 10.0.0.1\nname = a\nname = b\ndatabase = postgresql://file/d\ntls = generated\n";
    expect(read(text)).toMatchObject({ port: 9000, listen: "10.0.0.1", names: ["a", "b"], databaseUrl: "postgresql://file/d", tls: { kind: "generated" } });
    expect(read(text, [], { POLYVISOR_DATABASE_URL: "postgresql://env/d" }).databaseUrl).toBe("postgresql://env/d");
    expect(read(text, ["--port", "1", "--name", "c", "--database", "postgresql://arg/d"], { POLYVISOR_DATABASE_URL: "postgresql://env/d" })).toMatchObject({
      port: 1,
      names: ["c"],
      databaseUrl: "postgresql://arg/d",
    });
  });

  test("one that is not there, or no port, is said in a paragraph", () => {
    expect(() => readConfig(["--config", "/nowhere/x.conf"], {})).toThrow(/\/nowhere\/x\.conf cannot be read \(ENOENT\)/);
    expect(() => read("port = 8e3")).toThrow(/8e3 is not a port/);
  });
});

describe("TLS", () => {
  test("is the site's by two files, or one of our own", () => {
    expect(read("tls-certificate = /c.pem\ntls-key = /k.pem").tls).toEqual({ kind: "site", certificate: "/c.pem", key: "/k.pem" });
    expect(read("tls = off").tls).toBeUndefined();
    expect(read("", ["--tls"]).tls).toEqual({ kind: "generated" });
    expect(() => read("tls-key = /k.pem")).toThrow(/without its key/);
    expect(() => read("tls = generated\ntls-certificate = /c\ntls-key = /k")).toThrow(/Both/);
    expect(() => read("tls = on")).toThrow(/off and generated/);
  });
});
