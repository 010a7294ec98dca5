import { afterAll, beforeAll, expect, it } from "vitest";
import { startConsoleLab, type ConsoleLab } from "./consoleLab.ts";

let lab: ConsoleLab;
beforeAll(async () => {
  lab = await startConsoleLab({ hosts: 4, vmsPerHost: 60 });
});
afterAll(() => lab?.close());

it("shows every VM of the estate, as far as one scrolls", async () => {
  const { page, faults } = await lab.open("/vms");
  await page.locator('[data-table=vm][data-total="240"]').waitFor({ state: "attached" });
  await page.getByRole("grid").press("End");
  await page.getByRole("gridcell", { name: "vm-000240" }).waitFor();
  await page.getByRole("grid").press("Home");
  await page.getByRole("gridcell", { name: "vm-000001" }).waitFor();
  expect(await page.getByRole("row").count()).toBeLessThan(100);
  expect(faults).toEqual([]);
});

it("keeps filter and order in the address, and back goes back", async () => {
  const { page, faults } = await lab.open("/vms");
  const filter = page.getByRole("combobox", { name: "Filter" });
  await filter.fill('name = "vm-00000*"');
  await expect.poll(() => new URL(page.url()).searchParams.get("filter")).toBe('name = "vm-00000*"');
  await filter.fill("name = vm-00000*");
  await expect.poll(() => new URL(page.url()).searchParams.get("filter")).toBe("name = vm-00000*");
  await page.locator('[data-table=vm][data-total="9"]').waitFor({ state: "attached" });
  await page.getByRole("columnheader", { name: "Memory" }).getByRole("button").click();
  await page.getByRole("columnheader", { name: "Memory" }).getByRole("button").click();
  await expect.poll(() => new URL(page.url()).searchParams.get("sort")).toBe("-memory");
  await page.reload();
  await page.locator('[data-table=vm][data-total="9"]').waitFor({ state: "attached" });
  expect(await filter.inputValue()).toBe("name = vm-00000*");
  await page.goBack();
  await expect.poll(() => new URL(page.url()).searchParams.get("sort")).toBe("memory");
  expect(faults).toEqual([]);
});

it("says what is wrong with a filter and what was meant", async () => {
  const { page, faults } = await lab.open("/vms");
  await page.getByRole("combobox", { name: "Filter" }).fill("stat = running");
  await page.getByText("did you mean state?").waitFor();
  expect(new URL(page.url()).searchParams.get("filter")).toBeNull();
  expect(faults).toEqual([]);
});

it("carries out an action, and two browsers see it at once", async () => {
  const one = await lab.open("/vms");
  const other = await lab.open("/vms");
  const { items } = await lab.client.call("vmList", { query: { filter: "state = running", limit: 1 } });
  const vm = items[0]!;
  await other.page.getByRole("combobox", { name: "Filter" }).fill(`name = ${vm.name}`);
  await one.page.goto(`${lab.server.url}/vms/${vm.id}`);
  await one.page.getByRole("heading", { name: vm.name }).waitFor();
  await one.page.getByRole("button", { name: "Shut down" }).click();
  await one.page.getByText("The VM is defined on its host and powered off").waitFor();
  await other.page.getByRole("row", { name: vm.name }).getByText("off", { exact: true }).waitFor();
  await one.page.getByText(/: done$/).waitFor();
  // What is off cannot be shut down, and the button says so.
  expect(await one.page.getByRole("button", { name: "Shut down" }).getAttribute("aria-disabled")).toBe("true");
  await one.page.getByRole("button", { name: "Shut down" }).hover();
  await one.page.getByRole("tooltip").getByText("Not possible while the VM is off").waitFor();
  expect([...one.faults, ...other.faults]).toEqual([]);
});

it("shows a hostile name as a name", async () => {
  const { items } = await lab.client.call("vmList", { query: { filter: "state = off", limit: 1 } });
  const name = '<img src=x onerror="document.title=1">\u202e𝒜é🎉';
  const { id } = await lab.client.call("taskCreate", { body: { request: { do: "vm.rename", vms: [items[0]!.id], name } } });
  await expect.poll(async () => (await lab.client.call("taskGet", { params: { id } })).state).toBe("succeeded");
  const { page, faults } = await lab.open(`/vms/${items[0]!.id}`);
  await page.getByRole("heading", { name: "<img src=x" }).waitFor();
  expect(await page.locator("h1").textContent()).toBe(name);
  expect(await page.title()).toContain("Polyvisor");
  expect(faults).toEqual([]);
});
