import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { accessibilityFaults } from "./accessibility.ts";
import { startConsoleLab, type ConsoleLab } from "./consoleLab.ts";

let lab: ConsoleLab;
beforeAll(async () => {
  lab = await startConsoleLab({ hosts: 3, vmsPerHost: 20 });
});
afterAll(() => lab?.close());

it("loads less than 300 kB of scripts on the way to the first table", async () => {
  const { page, faults } = await lab.open("/vms");
  const sizes: Promise<number>[] = [];
  page.on("response", (answer) => {
    // The worker's file as well, which reads the stream.
    if (new URL(answer.url()).pathname.endsWith(".js")) sizes.push(answer.headerValue("content-length").then(Number));
  });
  const client = await page.context().newCDPSession(page);
  await client.send("Network.setCacheDisabled", { cacheDisabled: true });
  await page.reload();
  await page.getByRole("gridcell", { name: "vm-000001" }).waitFor();
  const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  expect(sizes.length).toBeGreaterThan(3);
  expect(total).toBeGreaterThan(50_000);
  expect(total).toBeLessThan(300_000);
  expect(faults).toEqual([]);
});

it("does something with many at once, and says for each what became of it", async () => {
  const { page, faults } = await lab.open(`/vms?${new URLSearchParams({ filter: "state = running" })}`);
  const table = page.locator("[data-table=vm]");
  await expect.poll(async () => Number(await table.getAttribute("data-total"))).toBeGreaterThan(5);
  const before = Number(await table.getAttribute("data-total"));
  const boxes = page.getByRole("checkbox", { name: "Choose this row" });
  for (const n of [0, 1, 2]) await boxes.nth(n).check();
  await page.getByText("3 chosen").waitFor();
  await page.getByRole("toolbar").getByRole("button", { name: "Pause" }).click();
  await page.getByText(/: done$/).waitFor();
  await page.getByRole("button", { name: "Details" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("3 done").waitFor();
  expect(await dialog.getByRole("listitem").count()).toBe(3);
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect.poll(async () => Number(await table.getAttribute("data-total"))).toBe(before - 3);
  expect(faults).toEqual([]);
});

it("asks before it cuts the power of many, and names them", async () => {
  const { page, faults } = await lab.open(`/vms?${new URLSearchParams({ filter: "state = paused" })}`);
  await page.getByRole("checkbox", { name: "Choose this row" }).first().check();
  await page.getByRole("toolbar").getByRole("button", { name: "Cut power" }).click();
  const dialog = page.getByRole("dialog", { name: "Cut power a VM?" });
  await dialog.getByText("what it has not written to disk is lost").waitFor();
  const name = (await dialog.getByRole("listitem").first().textContent())!;
  await dialog.getByRole("button", { name: "Cut power" }).click();
  await expect.poll(async () => (await lab.client.call("vmGet", { params: { id: name } })).state).toBe("off");
  expect(faults).toEqual([]);
});

it("is used by the keyboard alone", async () => {
  const { page, faults } = await lab.open("/vms");
  await page.getByRole("gridcell", { name: "vm-000001" }).waitFor();
  await page.getByRole("grid").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await page.getByText("1 chosen").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "vm-000002" }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await page.getByRole("heading", { name: "Hosts" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Find or do" }).waitFor();
  await page.keyboard.type("vm-000007");
  // What was found for the first letters stands there until the rest is answered.
  await page.getByRole("option", { name: /^vm-000007/, selected: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "vm-000007" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Hosts" }).waitFor();
  expect(faults).toEqual([]);
});

it("finds things in the tree, opens hosts there, and groups it otherwise", async () => {
  await lab.client.call("vmChange", { params: { id: "vm-000003" }, body: { tags: ["the web"] } });
  const { page, faults } = await lab.open("/vms");
  const tree = page.getByRole("tree");
  await tree.getByRole("treeitem", { name: "host-0002" }).getByRole("button", { name: "Unfold" }).click();
  await tree.getByRole("treeitem", { name: "vm-000021" }).getByRole("link").click();
  await page.getByRole("heading", { name: "vm-000021" }).waitFor();
  await page.getByRole("combobox", { name: "Group by" }).selectOption("tags");
  await tree.getByRole("link", { name: "the web" }).click();
  await page.locator('[data-table=vm][data-total="1"]').waitFor({ state: "attached" });
  await page.getByRole("searchbox", { name: "Search" }).fill("vm-00004");
  await page.getByRole("region", { name: "VMs" }).getByRole("link", { name: "vm-000041" }).click();
  await page.getByRole("heading", { name: "vm-000041" }).waitFor();
  expect(faults).toEqual([]);
});

it("keeps a view by its name, and gives the list as a file", async () => {
  await lab.client.call("vmChange", { params: { id: "vm-000005" }, body: { tags: ["=1+1"] } });
  const { page, faults } = await lab.open(`/vms?${new URLSearchParams({ filter: "tag = *", sort: "-name" })}`);
  await page.getByRole("button", { name: "Views and export" }).click();
  await page.getByRole("menuitem", { name: "Save this view" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("tagged");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.goto(`${lab.server.url}/vms`);
  await page.getByRole("button", { name: "Views and export" }).click();
  await page.getByRole("menuitem", { name: "tagged", exact: true }).click();
  await expect.poll(() => new URL(page.url()).searchParams.get("filter")).toBe("tag = *");
  await page.getByRole("button", { name: "Views and export" }).click();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "All rows as a CSV file" }).click()]);
  const lines = (await readFile(await file.path(), "utf8")).split("\r\n");
  expect(lines[0]).toMatch(/^\ufeffName,State,Host,/);
  expect(lines.find((line) => line.startsWith("vm-000005,"))).toContain(",'=1+1,");
  expect(faults).toEqual([]);
});

it("speaks German, and shows on a phone what matters", async () => {
  const { page, faults } = await lab.open("/vms", { locale: "de-DE", viewport: { width: 390, height: 844 }, colorScheme: "dark" });
  await page.getByRole("columnheader", { name: "Zustand" }).waitFor();
  expect(await page.locator("html").getAttribute("lang")).toBe("de");
  expect(await page.getByRole("columnheader").count()).toBe(3);
  await page.getByRole("button", { name: "Baum zeigen oder verbergen" }).click();
  await page.getByRole("treeitem", { name: "host-0001" }).getByRole("link").click();
  await page.getByRole("heading", { name: "host-0001" }).waitFor();
  expect(await page.evaluate<boolean>("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  expect(await accessibilityFaults(page)).toEqual([]);
  expect(faults).toEqual([]);
});

it("lets two who write the same notes see each other's text", async () => {
  const one = await lab.open("/vms/vm-000010");
  const { page } = one;
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Notes" }).fill("mine");
  await lab.client.call("vmChange", { params: { id: "vm-000010" }, body: { notes: "theirs" } });
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Somebody else changed the notes meanwhile").waitFor();
  await page.getByRole("button", { name: "Put both together" }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.locator("pre.pv-notes", { hasText: "theirs\nmine" }).waitFor();
  expect((await lab.client.call("vmGet", { params: { id: "vm-000010" } })).notes).toBe("theirs\nmine");
  expect(one.faults).toEqual([]);
});
