import { execFile } from "node:child_process";
import { chown, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Vm } from "@polyvisor/model";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../../apps/server/src/lab/until.ts";
import { PrivateLibvirtd } from "../lab/privateLibvirtd.ts";
import { startConsoleLab, type ConsoleLab } from "./consoleLab.ts";

// A whole life in the browser over a real libvirtd with real QEMU and the micro guest; virsh says whether it is true.

const run = promisify(execFile);
const nobody = 65_534;
const name = `browser-${process.pid}`;
let daemon: PrivateLibvirtd;
let lab: ConsoleLab;
const uri = (): string => `qemu+unix:///session?socket=${encodeURIComponent(daemon.socket)}`;
const virsh = async (...args: string[]): Promise<string> => (await run("virsh", ["-q", "-c", uri(), ...args], { timeout: 60_000 })).stdout.trim();

async function order(request: object): Promise<void> {
  const { id } = await lab.client.call("taskCreate", { body: { request: request as never } });
  await until("the end of a task", async () => !/queued|running/.test((await lab.client.call("taskGet", { params: { id } })).state), 280_000);
  const { state, steps } = await lab.client.call("taskGet", { params: { id } });
  expect({ state, failures: steps.flatMap(({ failure }) => failure ?? []) }).toEqual({ state: "succeeded", failures: [] });
}
const present = async (): Promise<Vm | undefined> => (await lab.client.call("vmList", { query: { filter: `name = ${name}` } })).items[0];

beforeAll(async () => {
  daemon = await PrivateLibvirtd.start();
  lab = await startConsoleLab({ hosts: 1, vmsPerHost: 1 });
  const host = await lab.client.call("hostAdd", { body: { uri: uri(), name: "private" } });
  await until("the connection", async () => (await lab.client.call("hostGet", { params: { id: host.id } })).connection.state === "connected", 60_000);
  const images = join(daemon.folder, "data/images");
  await mkdir(images, { recursive: true });
  if (process.getuid?.() === 0) await chown(images, nobody, nobody);
  await order({ do: "datastore.create", host: host.id, name: "images", path: images });
  await order({ do: "template.build", template: "micro" });
}, 600_000);
afterAll(async () => {
  if (daemon) await virsh("destroy", name).catch(() => undefined);
  await lab?.close();
  await daemon?.[Symbol.asyncDispose]();
});

it("creates a VM in the wizard, gives it a disk, boots it, takes a snapshot and shuts it down", async () => {
  const { page, faults } = await lab.open("/vms/new");
  const dialog = page.getByRole("dialog");
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("radio", { name: "micro" }).check();
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("textbox", { name: "Memory" }).fill("192M");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("combobox", { name: "Host" }).selectOption({ label: "private" });
  await page.getByRole("combobox", { name: "Network" }).selectOption("user");
  await page.getByRole("checkbox", { name: "Start it" }).uncheck();
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText(`${name}: create the VM`).waitFor();
  await page.getByRole("button", { name: "Create" }).click();
  await page.waitForURL(/\/vms\/vm-/, { timeout: 120_000 });
  expect(await virsh("domstate", name)).toBe("shut off");

  await page.getByRole("link", { name: "Hardware" }).click();
  await page.getByRole("button", { name: "Add a disk", exact: true }).click();
  await dialog.getByRole("textbox", { name: "Size" }).fill("16M");
  await page.locator(".pv-plan[data-ready=true]").waitFor();
  await dialog.getByRole("button", { name: "Add a disk", exact: true }).click();
  await expect.poll(async () => (await present())?.disks.length, { timeout: 30_000 }).toBe(1);

  await page.getByRole("button", { name: "Start", exact: true }).click();
  // Its agent tells of its address once it has booted: nothing earlier could.
  await page.locator(".pv-hardware").getByText("10.0.2.15").waitFor({ timeout: 180_000 });
  expect(await virsh("domstate", name)).toBe("running");

  await page.getByRole("link", { name: "Snapshots" }).click();
  await page.getByRole("button", { name: "Take a snapshot", exact: true }).click();
  await dialog.getByRole("textbox", { name: "Name" }).fill("booted");
  await page.locator(".pv-plan[data-ready=true]").waitFor();
  await dialog.getByRole("button", { name: "Take a snapshot", exact: true }).click();
  await page.locator("[data-snapshot=booted][data-current=true]").waitFor({ timeout: 60_000 });
  expect(await virsh("snapshot-list", name, "--name")).toBe("booted");

  await page.getByRole("button", { name: "Shut down", exact: true }).click();
  await expect.poll(async () => (await present())?.state, { timeout: 120_000 }).toBe("off");
  // The guest did it itself; nobody cut its power.
  expect((await virsh("domstate", name, "--reason")).replace(/\s+/g, " ")).toBe("shut off (shutdown)");
  expect(faults).toEqual([]);
}, 600_000);
