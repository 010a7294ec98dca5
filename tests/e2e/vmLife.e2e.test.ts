import type { Vm } from "@polyvisor/model";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { accessibilityFaults } from "./accessibility.ts";
import { startConsoleLab, type ConsoleLab } from "./consoleLab.ts";

// One VM after another through its life, by the gestures of an administrator. What came of each is asked of the API.

let lab: ConsoleLab;
const used = new Set<string>();
beforeAll(async () => {
  lab = await startConsoleLab({ hosts: 3, vmsPerHost: 30 });
});
afterAll(() => lab?.close());

/** A VM that no other test has. */
async function someVm(filter: string): Promise<Vm> {
  const { items } = await lab.client.call("vmList", { query: { filter, limit: 100 } });
  const vm = items.find(({ id }) => !used.has(id))!;
  used.add(vm.id);
  return vm;
}
/** A simulated host takes its time, and a loaded machine more. */
const patient = { timeout: 20_000 };
const now = (vm: Vm): Promise<Vm> => lab.client.call("vmGet", { params: { id: vm.id } });
const more = async (page: Page, action: string): Promise<void> => {
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: action, exact: true }).click();
};
const dialog = (page: Page) => page.getByRole("dialog");
/** The plan of what the form says is there. */
const planned = (page: Page): Promise<void> => page.locator(".pv-plan[data-ready=true]").waitFor();
const go = (page: Page, name: string) => dialog(page).getByRole("button", { name, exact: true });

it("creates a VM in the wizard: shows the plan, the command and the API call first", async () => {
  const { page, faults } = await lab.open("/vms");
  await page.getByRole("link", { name: "New VM" }).click();
  await page.getByRole("heading", { name: "New VM" }).waitFor();
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("A name is needed.").waitFor();
  await page.getByRole("textbox", { name: "Name" }).fill("made in the wizard");
  await page.getByRole("radio", { name: "Installation over the network" }).check();
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("textbox", { name: "Memory" }).fill("much");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("A size like 512M or 2G, at least 4 MiB.").waitFor();
  await page.getByRole("textbox", { name: "Memory" }).fill("768M");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("combobox", { name: "Host" }).selectOption({ index: 1 });
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("made in the wizard: create the VM").waitFor();
  const text = (await page.locator(".pv-equivalents").textContent())!;
  expect(text).toMatch(/polyvisor create 'made in the wizard' --host \S+ --memory 768M .*--disk size=20G --boot-order disk --boot-order network/);
  expect(text).toContain("POST /api/v1/tasks");
  expect((await lab.client.call("vmList", { query: { filter: 'name = "made in the wizard"' } })).items).toEqual([]);
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.getByRole("button", { name: "Create" }).click();
  await page.waitForURL(/\/vms\/vm-/);
  await page.getByRole("heading", { name: "made in the wizard", exact: true }).waitFor();
  const [vm] = (await lab.client.call("vmList", { query: { filter: 'name = "made in the wizard"' } })).items;
  expect(vm).toMatchObject({ state: "running", memory: { current: 768 * 1024 ** 2 } });
  expect(faults).toEqual([]);
});

it("changes hardware, and marks what counts from the next start on", async () => {
  const vm = await someVm("state = running");
  const { page, faults } = await lab.open(`/vms/${vm.id}/hardware`);
  await page.getByRole("button", { name: "Change the memory" }).click();
  const most = vm.memory.max * 2;
  await dialog(page)
    .getByRole("textbox", { name: "At most" })
    .fill(`${most / 1024 ** 2}M`);
  await planned(page);
  await go(page, "Change").click();
  await dialog(page).waitFor({ state: "detached" });
  // It runs: what it may have at most is another one at its next start only, and the table says both.
  await page.locator('.pv-amounts td[data-differs="true"]').waitFor();
  expect(await now(vm)).toMatchObject({ memory: { max: vm.memory.max }, pending: ["memory"] });

  await page.getByRole("button", { name: "Add a disk", exact: true }).click();
  await dialog(page).getByRole("textbox", { name: "Size" }).fill("3G");
  await dialog(page).getByRole("combobox", { name: "Takes effect" }).selectOption("nextStart");
  await planned(page);
  await go(page, "Add a disk").click();
  await page.locator("[data-part][data-when=nextStart]").waitFor();
  expect((await now(vm)).disks).toHaveLength(vm.disks.length);

  await page.getByRole("button", { name: "Add a NIC", exact: true }).click();
  await planned(page);
  await go(page, "Add a NIC").click();
  await expect.poll(async () => (await now(vm)).nics.length, patient).toBe(vm.nics.length + 1);
  const fresh = (await now(vm)).nics.find(({ mac }) => !vm.nics.some((nic) => nic.mac === mac))!;
  await page.getByRole("button", { name: `Take off ${fresh.mac}` }).click();
  await planned(page);
  await go(page, "Take off").click();
  await expect.poll(async () => (await now(vm)).nics.length, patient).toBe(vm.nics.length);
  expect(await accessibilityFaults(page)).toEqual([]);
  expect(faults).toEqual([]);
});

it("takes snapshots, shows them as a tree, reverts and deletes, each with a reason", async () => {
  const vm = await someVm("state = off");
  const { page, faults } = await lab.open(`/vms/${vm.id}/snapshots`);
  for (const name of ["base", "after the <b>update"]) {
    await page.getByRole("button", { name: "Take a snapshot", exact: true }).click();
    await dialog(page).getByRole("textbox", { name: "Name" }).fill(name);
    await dialog(page).getByRole("textbox", { name: "Reason" }).fill("before the update");
    await planned(page);
    await go(page, "Take a snapshot").click();
    await page.locator(`[data-snapshot=${JSON.stringify(name)}]`).waitFor();
  }
  await page.getByRole("listitem", { name: "after the <b>update, level 2" }).waitFor();
  await page.getByRole("button", { name: "Revert to base" }).click();
  await dialog(page).getByText("Everything that happened since this snapshot is lost").waitFor();
  await planned(page);
  expect(await accessibilityFaults(page)).toEqual([]);
  await go(page, "Revert").click();
  await page.locator("[data-snapshot=base][data-current=true]").waitFor();
  await page.getByRole("button", { name: "Delete the snapshot base" }).click();
  await dialog(page).getByRole("checkbox", { name: "And the one that was taken after it" }).check();
  await planned(page);
  await go(page, "Delete").click();
  await page.getByText("There is no snapshot.").waitFor();
  const { items } = await lab.client.call("taskList", { query: { limit: 10 } });
  expect(items.filter(({ reason }) => reason === "before the update")).toHaveLength(2);
  expect(faults).toEqual([]);
});

it("renames, clones, tags, puts into a folder and sends keys", async () => {
  const vm = await someVm("state = running");
  const { page, faults } = await lab.open(`/vms/${vm.id}/summary`);
  await more(page, "Rename");
  await dialog(page).getByRole("textbox", { name: "Name" }).fill("a/b");
  await dialog(page).getByText("A name has no slash").waitFor();
  await dialog(page).getByRole("textbox", { name: "Name" }).fill("renamed");
  await planned(page);
  await dialog(page).getByRole("button", { name: "The same as a command" }).click();
  await dialog(page)
    .getByText(/^polyvisor rename \S+ renamed$/)
    .waitFor();
  await go(page, "Rename").click();
  await page.getByRole("heading", { name: "renamed" }).waitFor();

  await more(page, "Clone");
  await dialog(page).getByRole("textbox", { name: "Name of the clone" }).fill("its-clone");
  await planned(page);
  await go(page, "Clone").click();
  await expect.poll(async () => (await lab.client.call("vmList", { query: { filter: "name = its-clone" } })).items.length, patient).toBe(1);

  await more(page, "Change tags");
  await dialog(page).getByRole("textbox", { name: "Add" }).fill("web, needs care");
  await go(page, "Change tags").click();
  await dialog(page).waitFor({ state: "detached" });
  expect((await now(vm)).tags).toEqual([...vm.tags, "web", "needs care"]);

  await more(page, "Put into a folder");
  await dialog(page).getByRole("textbox", { name: "New folder in it" }).fill("tenants");
  await go(page, "Put there").click();
  await dialog(page).waitFor({ state: "detached" });
  const { items } = await lab.client.call("folderList");
  expect((await now(vm)).folder).toBe(items.find(({ path }) => path === "/tenants")!.id);

  await more(page, "Send keys");
  await dialog(page).getByRole("button", { name: "ctrl+alt+f2" }).click();
  await planned(page);
  await go(page, "Send").click();
  await page.getByText(/send keys.*: done$/).waitFor();
  expect(faults).toEqual([]);
});

it("names what stands against each host, and moves to the one that can take it", async () => {
  const vm = await someVm("state = running");
  const { page, faults } = await lab.open(`/vms/${vm.id}/summary`);
  const { items: hosts } = await lab.client.call("hostList", { query: { limit: 10 } });
  const others = hosts.filter(({ id }) => id !== vm.hostId);
  // One of the others is disabled; it must say so by itself.
  await lab.client.call("hostChange", { params: { id: others[0]!.id }, body: { enabled: false } as never });
  await more(page, "Migrate");
  await dialog(page).getByRole("checkbox", { name: "Copy its disks along" }).check();
  await page.locator(`[data-blocked="${others[0]!.name}"]`).getByText("is disabled").waitFor();
  await page.locator(`[data-possible="${others[1]!.name}"]`).waitFor();
  expect(await dialog(page).getByRole("radio", { name: others[0]!.name }).isDisabled()).toBe(true);
  await dialog(page).getByRole("radio", { name: others[1]!.name }).check();
  await planned(page);
  expect(await accessibilityFaults(page)).toEqual([]);
  await go(page, "Migrate").click();
  await expect.poll(async () => (await now(vm)).hostId, patient).toBe(others[1]!.id);
  await lab.client.call("hostChange", { params: { id: others[0]!.id }, body: { enabled: true } as never });
  expect(faults).toEqual([]);
});

it("says exactly which disks go, and deletes those and no others", async () => {
  const vm = await someVm("state = running");
  const { page, faults } = await lab.open(`/vms/${vm.id}/summary`);
  await more(page, "Delete");
  await dialog(page).getByText("Shut it down first").waitFor();
  expect(await go(page, "Delete").isDisabled()).toBe(true);
  await dialog(page).getByRole("checkbox", { name: "Cut the power first" }).check();
  await dialog(page).locator("[data-fate=stays]").getByText(vm.disks[0]!.source!).waitFor();
  await dialog(page).getByRole("combobox", { name: "Disks" }).selectOption("delete");
  for (const { source } of vm.disks) await dialog(page).locator("[data-fate=goes]").getByText(source!).waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await go(page, "Delete").click();
  await page.getByRole("heading", { name: `${vm.name} is gone` }).waitFor();
  const stores = (await lab.client.call("datastoreList", { query: { limit: 100, filter: `host = ${vm.hostId}` } })).items;
  const left = stores.flatMap(({ volumes }) => volumes.map(({ path }) => path));
  for (const { source } of vm.disks) expect(left).not.toContain(source);
  expect(faults).toEqual([]);
});
