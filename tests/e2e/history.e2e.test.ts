import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../../apps/server/src/lab/until.ts";
import { accessibilityFaults } from "./accessibility.ts";
import { startConsoleLab, type ConsoleLab } from "./consoleLab.ts";

let lab: ConsoleLab;
let vm: { id: string; name: string };
const hostile = "<script>document.title=1</script>\u202e𝒜🎉";
beforeAll(async () => {
  lab = await startConsoleLab({ hosts: 1, vmsPerHost: 8 });
  await until("running VMs", async () => (await lab.client.call("vmList", { query: { filter: "state = running" } })).items.length > 1);
  vm = (await lab.client.call("vmList", { query: { filter: "state = running", limit: 1 } })).items[0]!;
});
afterAll(() => lab?.close());

const change = (body: object) => lab.client.call("vmChange", { params: { id: vm.id }, body: body as never });

it("shows what changed on an object: by whom, from where, before and after, at once", async () => {
  const { page, faults } = await lab.open(`/vms/${vm.id}/events`);
  await page.locator(".pv-change").first().waitFor();
  await change({ tags: ["before"] });
  await change({ tags: ["after"], notes: hostile });
  const item = page.getByRole("listitem").filter({ hasText: "after" }).first();
  await item.locator("del", { hasText: "before" }).waitFor();
  await item.locator("ins", { hasText: hostile }).waitFor();
  await item.getByText("admin").waitFor();
  // The administrator of the laboratory is the command line on the server's machine.
  await item.getByText("by the command line on the server's machine").waitFor();
  expect(await page.title()).toContain(vm.name);
  expect(await accessibilityFaults(page)).toEqual([]);
  expect(faults).toEqual([]);
});

it("shows an object as it was, unmistakably, with nothing to press, and leads back", async () => {
  await change({ tags: ["yesterday"], notes: "as it was" });
  const { items } = await lab.client.call("vmHistory", { params: { id: vm.id }, query: { limit: 1 } });
  const at = new Date(Date.parse(items[0]!.at) + 1).toISOString();
  await expect.poll(() => Date.now() - Date.parse(at)).toBeGreaterThan(20);
  await change({ tags: ["today"], notes: "as it is" });
  const { page, faults } = await lab.open(`/vms/${vm.id}/summary?at=${at}`);
  await page.getByText("This is the past").waitFor();
  await page.getByText("yesterday", { exact: true }).waitFor();
  await page.getByText("as it was", { exact: true }).waitFor();
  expect([await page.getByText("as it is", { exact: true }).count(), await page.locator(".pv-past fieldset button:visible").count()]).toEqual([0, 0]);
  expect(await page.getByRole("button", { name: "Shut down" }).count()).toBe(0);
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.getByRole("button", { name: "Back to now" }).click();
  await page.getByText("today", { exact: true }).waitFor();
  expect(new URL(page.url()).searchParams.get("at")).toBeNull();
  // A time from which nothing is known says so.
  await page.goto(`${lab.server.url}/vms/${vm.id}/summary?at=2001-01-01T00:00:00Z`);
  await page.locator(".pv-past .pf-v6-c-alert").waitFor();
  expect(faults).toEqual([]);
});

it("follows what happens at the site, and waits while one reads", async () => {
  const { page, faults } = await lab.open("/events?kind=vm");
  await page.locator(".pv-event").first().waitFor();
  const before = await page.locator(".pv-event").count();
  await change({ tags: ["seen"] });
  // Those before it are the administrator's, too.
  await expect.poll(() => page.locator(".pv-event").count()).toBe(before + 1);
  const first = page.locator(".pv-event").first();
  await first.getByText("admin").waitFor();
  await first.getByRole("button").click();
  await first.locator("ins", { hasText: "seen" }).waitFor();
  await first.getByText("These differ from before: Tags.").waitFor();
  // While one reads it nothing moves.
  await change({ tags: ["later"] });
  await page.getByRole("button", { name: "Show one new event" }).waitFor();
  await first.locator("ins", { hasText: "seen" }).waitFor();
  await page.getByRole("button", { name: "Show one new event" }).click();
  await page.locator(".pv-event").first().getByRole("button").click();
  await page.locator(".pv-event").first().locator("ins", { hasText: "later" }).waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  // Another filter, in the address.
  await page.getByLabel("What").selectOption("created");
  await expect.poll(() => new URL(page.url()).searchParams.get("type")).toBe("created");
  await expect.poll(() => page.locator(".pv-event:not([data-type=created])").count()).toBe(0);
  expect(await page.locator(".pv-event").count()).toBeGreaterThan(0);
  expect(faults).toEqual([]);
});

it("checks the audit log in the browser, exports it, and finds what somebody did", async () => {
  const { page, faults } = await lab.open("/audit-log?action=vmChange");
  await page.locator(".pv-audit__entry").first().waitFor();
  expect(await page.locator(".pv-audit__row", { hasNotText: "vmChange" }).count()).toBe(0);
  await page.getByRole("button", { name: "Check the chain" }).click();
  await page.getByText("Nothing was changed").waitFor();
  await page.getByText(/checked every hash and (one|\d+) signature/).waitFor();
  await page.locator(".pv-audit__row button").first().click();
  await page.getByText("Token or session").waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export" }).click();
  const lines = (await readFile(await (await download).path(), "utf8")).trim().split("\n");
  expect(JSON.parse(lines[0]!)).toHaveProperty("root");
  expect(JSON.parse(lines.at(-1)!)).toHaveProperty("checkpoint");
  // Somebody in between changes one character: it is found out.
  await page.route("**/audit-log/export", async (route) => {
    const body = lines.map((line, i) => (i === 2 ? line.replace('"outcome":"done"', '"outcome":"refused"') : line)).join("\n");
    await route.fulfill({ body, contentType: "application/jsonl" });
  });
  await page.getByRole("button", { name: "Check the chain" }).click();
  await page.getByText("The log was changed").waitFor();
  expect(faults).toEqual([]);
});
