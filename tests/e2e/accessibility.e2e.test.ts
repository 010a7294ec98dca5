import { afterAll, beforeAll, expect, it } from "vitest";
import { accessibilityFaults } from "./accessibility.ts";
import { startConsoleLab, type ConsoleLab } from "./consoleLab.ts";

let lab: ConsoleLab;
beforeAll(async () => {
  lab = await startConsoleLab({ hosts: 2, vmsPerHost: 8 });
});
afterAll(() => lab?.close());

it.each(["light", "dark"] as const)("is accessible on every kind of page, %s", async (colorScheme) => {
  const { page, faults } = await lab.open("/vms", { colorScheme });
  const first = async (route: "vmList" | "hostList" | "datastoreList" | "networkList"): Promise<string> =>
    (await lab.client.call(route, { query: { limit: 1 } })).items[0]!.id;
  const paths = [
    "/vms",
    `/vms/${await first("vmList")}`,
    "/hosts",
    `/hosts/${await first("hostList")}`,
    "/datastores",
    `/datastores/${await first("datastoreList")}`,
    "/networks",
    `/networks/${await first("networkList")}`,
    "/nowhere",
  ];
  const found: Record<string, string[]> = {};
  for (const path of paths) {
    await page.goto(lab.server.url + path);
    await page.locator("h1").first().waitFor();
    await expect.poll(() => page.locator(".pv-waits, .pf-v6-c-skeleton").count()).toBe(0);
    found[path] = await accessibilityFaults(page);
  }
  expect(found).toEqual(Object.fromEntries(paths.map((path) => [path, []])));
  expect(faults).toEqual([]);
});

it("is accessible where one signs in, and in what stands over a page", async () => {
  const { page, faults } = await lab.open("/vms");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("grid").focus();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Account admin" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  expect(faults).toEqual([]);
});
