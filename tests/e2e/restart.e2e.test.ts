import { simUris } from "@polyvisor/hypervisors";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openBrowser, openConsole } from "./consoleLab.ts";
import { ServerProcess } from "./serverProcess.ts";

let server: ServerProcess;
let browser: Browser;
beforeAll(async () => {
  server = await ServerProcess.make();
  for (const uri of simUris({ hosts: 2, vmsPerHost: 10 })) await server.client.call("hostAdd", { body: { uri } });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

it("says that it is not live when the server dies, and is live again when it is back", async () => {
  const { page, faults } = await openConsole(browser, server, "/vms");
  await page.locator('[data-table=vm][data-total="20"]').waitFor({ state: "attached" });
  await page.getByRole("status", { name: "Live: changes show at once" }).waitFor();
  await server.kill();
  await page.getByText(/Not live since/).waitFor();
  expect(await page.locator("main").getAttribute("data-stale")).toBe("true");
  // What was read stands as it was.
  await page.getByRole("gridcell", { name: "vm-000001" }).waitFor();
  await server.start();
  await page.getByRole("status", { name: "Live: changes show at once" }).waitFor();
  await page.getByText(/Not live since/).waitFor({ state: "detached" });
  const { items } = await server.client.call("vmList", { query: { limit: 1 } });
  await server.client.call("vmChange", { params: { id: items[0]!.id }, body: { tags: ["after-the-restart"] } });
  await page.getByText("after-the-restart").waitFor();
  // Its part of the page could not be fetched meanwhile.
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").waitFor();
  expect(faults).toEqual([]);
});

it("carries out what was asked for while the server was away, once", async () => {
  const { items } = await server.client.call("vmList", { query: { filter: "state = off", limit: 1 } });
  const vm = items[0]!;
  const { page, faults } = await openConsole(browser, server, `/vms/${vm.id}`);
  const start = page.getByRole("button", { name: "Start", exact: true });
  await expect.poll(() => start.getAttribute("aria-disabled")).not.toBe("true");
  await server.kill();
  await start.click();
  await server.start();
  await page
    .getByText("The VM is powered on")
    .waitFor()
    .catch(async (error: unknown) => {
      throw new Error(`the page says: ${await page.locator("body").innerText()}`, { cause: error });
    });
  const tasks = (await server.client.call("taskList", {})).items.filter(({ title }) => title.includes(vm.name));
  expect(tasks).toHaveLength(1);
  expect(faults).toEqual([]);
});

it("opens a page that it did not have yet when the server is back", async () => {
  const { page, faults } = await openConsole(browser, server, "/vms");
  await page.locator('[data-table=vm][data-total="20"]').waitFor({ state: "attached" });
  await server.kill();
  await page.getByText(/Not live since/).waitFor();
  await page.getByRole("navigation").getByRole("link", { name: "Networks", exact: true }).first().click();
  await server.start();
  await page.locator("[data-table=network]").waitFor({ state: "attached" });
  expect(faults).toEqual([]);
});
