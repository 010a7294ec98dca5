import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../../apps/server/src/lab/until.ts";
import { accessibilityFaults } from "./accessibility.ts";
import { startConsoleLab, type ConsoleLab } from "./consoleLab.ts";

let lab: ConsoleLab;
beforeAll(async () => {
  lab = await startConsoleLab({ hosts: 2, vmsPerHost: 10 });
  await until("all VMs", async () => (await lab.client.call("vmList", { query: {} })).items.length === 20);
});
afterAll(() => lab?.close());

const order = async (request: object, reason = ""): Promise<string> => (await lab.client.call("taskCreate", { body: { request, reason } as never })).id;
const ended = (id: string) =>
  expect.poll(async () => (await lab.client.call("taskGet", { params: { id } })).state, { timeout: 20_000 }).not.toMatch(/queued|running/);

it("shows in the drawer what others order, with who and why, and no toast of it", async () => {
  const { page, faults } = await lab.open("/vms");
  await page.keyboard.press("]");
  const drawer = page.getByRole("complementary", { name: "Tasks" });
  await drawer.waitFor();
  const { items } = await lab.client.call("vmList", { query: { filter: "state = running", limit: 1 } });
  const id = await order({ do: "vm.reboot", vms: [items[0]!.id] }, "<b>because</b>");
  await drawer.getByRole("link", { name: items[0]!.name }).waitFor();
  await drawer.getByText("<b>because</b>").waitFor();
  await drawer.getByText("by admin").first().waitFor();
  await ended(id);
  await drawer.getByText("done", { exact: true }).first().waitFor();
  expect(await page.locator(".pf-v6-c-alert-group li").count()).toBe(0);
  expect(await accessibilityFaults(page)).toEqual([]);
  await drawer.press("Escape");
  await drawer.waitFor({ state: "detached" });
  // The focus is where it came from.
  expect(await page.locator(".pv-tasks-button:focus").count()).toBe(1);
  expect(faults).toEqual([]);
});

it("tells of each step what became of it, does the failed again, and lists it with its object", async () => {
  const running = (await lab.client.call("vmList", { query: { filter: "state = running", limit: 3 } })).items;
  const { page, faults } = await lab.open("/tasks");
  await lab.client.call("taskCreate", { body: { request: { do: "vm.destroy", vms: [running[0]!.id] } } });
  await expect.poll(async () => (await lab.client.call("vmGet", { params: { id: running[0]!.id } })).state).toBe("off");
  const id = await order({ do: "vm.shutdown", vms: running.map((vm) => vm.id) }, "evening");
  await ended(id);
  await page.getByRole("row", { name: "evening" }).getByRole("link").click();
  await expect.poll(() => new URL(page.url()).pathname).toBe(`/tasks/${id}`);
  for (const vm of running) await page.getByRole("listitem").getByRole("link", { name: vm.name }).waitFor();
  await page.getByText("Ordered by").waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.getByRole("listitem").getByRole("link", { name: running[1]!.name }).click();
  await page.getByRole("link", { name: "Tasks" }).last().click();
  await page.getByRole("row", { name: "evening" }).waitFor();
  expect(faults).toEqual([]);
});

it("cancels a task that runs, and does again what it did not", async () => {
  const { page, faults } = await lab.open("/vms");
  // A guest that does not listen to the power button: the task waits for it for minutes.
  const { items } = await lab.client.call("vmList", { query: { filter: "state = paused", limit: 1 } });
  const vm = items[0] ?? (await lab.client.call("vmList", { query: { filter: "state = running", limit: 1 } })).items[0]!;
  const all = (await lab.client.call("vmList", { query: { filter: "state = off", limit: 10 } })).items;
  const id = await order({ do: "vm.start", vms: all.map((each) => each.id) }, "many");
  const cancelled = await lab.client.call("taskCancel", { params: { id } }).catch(() => undefined);
  await ended(id);
  const { state } = await lab.client.call("taskGet", { params: { id } });
  await page.goto(`${lab.server.url}/tasks/${id}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  if (cancelled && state !== "succeeded") {
    await page.getByRole("button", { name: "Do again what failed" }).click();
    await expect.poll(() => new URL(page.url()).pathname).not.toBe(`/tasks/${id}`);
    await page.getByText("Does again").waitFor();
  }
  expect(vm.id).toBeDefined();
  expect(faults).toEqual([]);
});
