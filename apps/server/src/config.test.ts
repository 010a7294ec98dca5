import { expect, test } from "vitest";
import { readConfig } from "./config.ts";
import { StartError } from "./startError.ts";

test("without arguments everything has a value", () => {
  expect(readConfig([], { XDG_DATA_HOME: "/x" }, false)).toEqual({
    dataFolder: "/x/polyvisor",
    listen: "127.0.0.1",
    port: 8420,
    databaseUrl: undefined,
    names: [],
    logLevel: "info",
  });
  expect(readConfig([], {}, true)).toMatchObject({ dataFolder: "/var/lib/polyvisor" });
});

test("arguments count, and the database's URL may come by the environment", () => {
  expect(
    readConfig(["--data", "/d", "--port", "0", "--listen", "::", "--name", "a", "--name", "b"], { POLYVISOR_DATABASE_URL: "postgres://u@h/d" }, false),
  ).toMatchObject({ dataFolder: "/d", port: 0, listen: "::", names: ["a", "b"], databaseUrl: "postgres://u@h/d" });
});

test("proxies may be named by arguments, environment or file, and nobody is believed otherwise", () => {
  const of = (args: string[], env: NodeJS.ProcessEnv = {}) => {
    const config = readConfig(args, env, false);
    return config === "help" ? undefined : config.proxies;
  };
  expect(of([])).toBeUndefined();
  for (const proxies of [
    of(["--trust-proxy", "127.0.0.1,10.0.0.0/8", "--trust-proxy", "fd00::/8"]),
    of([], { POLYVISOR_TRUST_PROXY: "127.0.0.1, 10.0.0.0/8" }),
  ]) {
    expect(proxies!.check("10.2.3.4")).toBe(true);
    expect(proxies!.check("11.2.3.4")).toBe(false);
  }
});

test("how often is measured may be said", () => {
  expect(readConfig(["--sample-interval", "60", "--samples-per-second", "12500"], {}, false)).toMatchObject({ sampleInterval: 60, samplesPerSecond: 12_500 });
});

test.each([
  [["--port", "70000"]],
  [["--port", "x"]],
  [["--colour"]],
  [["stray"]],
  [["--database", "mysql://h/d"]],
  [["--log-level", "loud"]],
  [["--sample-interval", "1"]],
  [["--trust-proxy", "proxy.example"]],
  [["--trust-proxy", "0.0.0.0/0"]],
  [["--samples-per-second", "many"]],
])("%j is refused with a sentence", (args) => {
  expect(() => readConfig(args, {}, false)).toThrow(StartError);
});

test("a refused database URL is not repeated: it may carry a pass phrase", () => {
  expect(() => readConfig(["--database", "http://u:geheim@h/d"], {}, false)).toThrow(/PostgreSQL URL/);
  expect(() => readConfig(["--database", "http://u:geheim@h/d"], {}, false)).not.toThrow(/geheim/);
});
