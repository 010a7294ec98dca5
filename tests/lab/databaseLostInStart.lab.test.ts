import { rm } from "node:fs/promises";
import { expect, test } from "vitest";
import { makeDataFolder } from "../../apps/server/src/lab/labServer.ts";
import { startSitePostgres } from "../../apps/server/src/lab/sitePostgres.ts";
import { StartError } from "../../apps/server/src/startError.ts";
import { labLog } from "../../apps/server/src/lab/labPlane.ts";
import { startServer } from "../../apps/server/src/startServer.ts";
import { FaultProxy } from "../storm/faultProxy.ts";

test("a database that is lost at any moment of the start ends it with a sentence", { timeout: 120_000 }, async () => {
  const site = await startSitePostgres();
  const url = new URL(await site.database());
  const proxy = await FaultProxy.listen(0, { host: "127.0.0.1", port: Number(url.port) }, Math.random);
  url.port = String(proxy.port);
  const folders: string[] = [];
  const failures: unknown[] = [];
  for (let ms = 20; ms < 600; ms += 40) {
    const folder = await makeDataFolder(); // each as a process of its own would: what is left of a failed start ends with it
    folders.push(folder);
    const config = { dataFolder: folder, listen: "127.0.0.1", port: 0, databaseUrl: url.href, names: [], logLevel: "error" as const };
    const cut = setTimeout(() => {
      proxy.weather = { kind: "refuse" };
      proxy.cut();
    }, ms);
    const server = await startServer(config, labLog).catch((error: unknown) => void failures.push(error));
    clearTimeout(cut);
    proxy.weather = { kind: "clear" };
    await server?.close();
  }
  for (const failure of failures) expect(failure).toBeInstanceOf(StartError);
  expect(failures.length).toBeGreaterThan(0);
  await proxy.close();
  await site.close();
  for (const folder of folders) await rm(folder, { recursive: true });
});
