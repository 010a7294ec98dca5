import type { Vm } from "@polyvisor/model";
import { afterAll, beforeAll, expect, it } from "vitest";
import { accessibilityFaults } from "./accessibility.ts";
import { startConsoleLab, type ConsoleLab } from "./consoleLab.ts";

// What happens to a form while others change, delete or sign one out of what it is about; and many VMs at once.

let lab: ConsoleLab;
beforeAll(async () => {
  lab = await startConsoleLab({ hosts: 2, vmsPerHost: 20 });
});
afterAll(() => lab?.close());

/** A simulated host takes its time, and a loaded machine more. */
const patient = { timeout: 20_000 };
const vmsOf = async (filter: string): Promise<Vm[]> => (await lab.client.call("vmList", { query: { filter, limit: 100 } })).items;
async function order(request: object): Promise<void> {
  const { id } = await lab.client.call("taskCreate", { body: { request: request as never } });
  await expect.poll(async () => (await lab.client.call("taskGet", { params: { id } })).state, patient).toBe("succeeded");
}

it("shows what another wrote into the same field, and overwrites nothing unasked", async () => {
  const vm = (await vmsOf("state = off"))[0]!;
  const [mine, theirs] = [vm.vcpus.max + 4, vm.vcpus.max + 8];
  const { page, faults } = await lab.open(`/vms/${vm.id}/hardware`);
  await page.getByRole("button", { name: "Change the vCPUs" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "At most" }).fill(String(mine));
  await order({ do: "vm.setVcpus", vms: [vm.id], max: theirs, apply: "nextStart" });
  const merge = dialog.getByRole("table");
  await merge.waitFor();
  expect(await merge.getByRole("row").nth(1).getByRole("cell").allTextContents()).toEqual([
    String(vm.vcpus.max),
    expect.stringMatching(`^${theirs}`),
    expect.stringMatching(`^${mine}`),
  ]);
  expect(await dialog.getByRole("button", { name: "Change", exact: true }).isDisabled()).toBe(true);
  expect(await accessibilityFaults(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Use mine" }).click();
  await merge.waitFor({ state: "detached" });
  await dialog.getByRole("button", { name: "Change", exact: true }).click();
  await expect.poll(async () => (await lab.client.call("vmGet", { params: { id: vm.id } })).vcpus.max, patient).toBe(mine);
  expect(faults).toEqual([]);
});

it("says that a VM was deleted while its form was open", async () => {
  const vm = (await vmsOf("state = off"))[1]!;
  const { page, faults } = await lab.open(`/vms/${vm.id}/summary`);
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill("too late");
  await order({ do: "vm.delete", vms: [vm.id] });
  await dialog.getByText(`${vm.name} is gone`).waitFor();
  expect(await dialog.getByRole("button", { name: "Rename", exact: true }).isDisabled()).toBe(true);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("heading", { name: `${vm.name} is gone` }).waitFor();
  expect(faults).toEqual([]);
});

it("does with many VMs what it says, tells of each, and does the failed again", async () => {
  const [one, other] = (await vmsOf("state = off")) as [Vm, Vm];
  await order({ do: "vm.snapshot", vms: [other.id], name: "taken", memory: false });
  const { page, faults } = await lab.open(`/vms?filter=${encodeURIComponent(`id = ${one.id} or id = ${other.id}`)}`);
  await page.locator('[data-table=vm][data-total="2"]').waitFor({ state: "attached" });
  for (const vm of [one, other]) await page.getByRole("row", { name: vm.name }).getByRole("checkbox").check();
  await page.getByRole("toolbar", { name: "With the chosen" }).getByRole("button", { name: "Take a snapshot" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill("taken");
  await dialog.getByText("1 of 2 cannot be done").waitFor();
  await dialog.getByRole("button", { name: "Take a snapshot", exact: true }).click();
  await page.getByText(/: done in part$/).waitFor();
  await page.getByRole("button", { name: "Details" }).click();
  await page.locator("[data-state=failed]").getByText(`has a snapshot "taken" already`).waitFor();
  await order({ do: "vm.deleteSnapshot", vms: [other.id], snapshot: "taken" });
  await page.getByRole("button", { name: "Do the failed again" }).click();
  await expect.poll(async () => (await lab.client.call("vmGet", { params: { id: other.id } })).snapshots.map(({ name }) => name), patient).toEqual(["taken"]);
  expect((await lab.client.call("vmGet", { params: { id: one.id } })).snapshots).toHaveLength(1);
  expect(faults).toEqual([]);
});

it("keeps what was written when the session ends in the middle of it", async () => {
  const vm = (await vmsOf("state = running"))[0]!;
  const { page, context, faults } = await lab.open(`/vms/${vm.id}/summary`);
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Clone" }).click();
  const dialog = page.getByRole("dialog", { name: `Clone ${vm.name}` });
  await dialog.getByRole("textbox", { name: "Name of the clone" }).fill("after-signing-in");
  await page.locator(".pv-plan[data-ready=true]").waitFor();
  await context.clearCookies();
  await dialog.getByRole("button", { name: "Clone", exact: true }).click();
  const again = page.getByRole("dialog").last();
  await again
    .getByText(/sign in/i)
    .first()
    .waitFor();
  const { code } = await lab.client.call("signInCodeCreate");
  await page.goto(`${lab.server.url}/vms/${vm.id}/summary#sign-in=${code}`);
  await expect.poll(async () => (await vmsOf("name = after-signing-in")).length, patient).toBe(1);
  expect(faults).toEqual([]);
});

it("shows hostile names as names, in forms, plans and trees, on a phone too", async () => {
  const vm = (await vmsOf("state = off"))[2]!;
  const name = `<img src=x onerror="document.title=1">\u202e𝒜🎉${"W".repeat(200)}`;
  await order({ do: "vm.rename", vms: [vm.id], name });
  await order({ do: "vm.snapshot", vms: [vm.id], name, description: "<script>document.title=1</script>", memory: false });
  const { page, faults } = await lab.open(`/vms/${vm.id}/snapshots`, { viewport: { width: 390, height: 844 } });
  await page.getByRole("button", { name: `Revert to ${name}` }).click();
  await page.locator(".pv-plan[data-ready=true]").waitFor();
  expect(await page.getByRole("dialog").evaluate((element) => element.scrollWidth <= element.clientWidth + 1)).toBe(true);
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  expect(await page.locator(".pv-object__body").evaluate((element) => element.scrollWidth <= element.clientWidth + 1)).toBe(true);
  expect(await page.locator("img[src=x]").count()).toBe(0);
  expect(await page.title()).toContain("Polyvisor");
  expect(faults).toEqual([]);
});
