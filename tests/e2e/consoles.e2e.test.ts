import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../../apps/server/src/lab/until.ts";
import { accessibilityFaults } from "./accessibility.ts";
import { startConsoleLab, type ConsoleLab } from "./consoleLab.ts";

let lab: ConsoleLab;
let vm: { id: string; name: string };
beforeAll(async () => {
  lab = await startConsoleLab({ hosts: 1, vmsPerHost: 12 });
  await until("running VMs", async () => (await lab.client.call("vmList", { query: { filter: "state = running" } })).items.length > 1);
  const { items } = await lab.client.call("vmList", { query: { filter: "state = running" } });
  vm = items.find(({ consoles }) => consoles.length > 1)!;
});
afterAll(() => lab?.close());

const open = (page: Page) => page.locator(".pv-console[data-line=open]").waitFor();
/** What stands in the terminal. */
const text = (page: Page) => page.locator(".xterm-rows").innerText();
/** How many colours the screen has, and a sum over its pixels that differs when something on it does. */
const pixels = (page: Page) =>
  page.locator(".pv-console__graphical canvas").evaluate((canvas) => {
    const { width, height } = canvas as unknown as { width: number; height: number };
    const { data } = (canvas as unknown as { getContext(kind: string): { getImageData(...box: number[]): { data: Uint8ClampedArray } } })
      .getContext("2d")
      .getImageData(0, 0, width, height);
    const colours = new Set<number>();
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) {
      const colour = (data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!;
      colours.add(colour);
      sum = (sum * 31 + colour) | 0;
    }
    return { width, height, colours: colours.size, sum };
  });

it("shows the screen, types a text into it on the guest's keyboard, and takes a picture", async () => {
  const { page, faults } = await lab.open(`/vms/${vm.id}/console`);
  await open(page);
  await expect.poll(async () => (await pixels(page)).colours).toBeGreaterThan(1);
  const before = await pixels(page);
  await page.getByRole("button", { name: "Type text" }).click();
  const text = page.getByRole("textbox", { name: "Text" });
  await text.fill("größer");
  // Not on the American keyboard, and it is said before anything is typed.
  await page.getByText("does not have the characters ö ß").waitFor();
  expect(await page.getByRole("button", { name: "Type", exact: true }).isDisabled()).toBe(true);
  await page.getByLabel("Keyboard of the guest").selectOption("de");
  await text.fill("HELLO");
  await page.getByRole("button", { name: "Type", exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await expect.poll(async () => (await pixels(page)).sum).not.toBe(before.sum);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Screenshot" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toMatch(/^vm-\d+-.*\.png$/);
  const png = await readFile(await file.path());
  expect([png.toString("latin1", 1, 4), png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual(["PNG", before.width, before.height]);
  await page.getByRole("toolbar", { name: "Console" }).getByRole("button", { name: "Keys" }).click();
  await page.getByRole("menuitem", { name: "Ctrl Alt F2" }).click();
  // Shift and Escape leave the screen, which takes every other key.
  await page.keyboard.press("Shift+Escape");
  expect(await page.locator("[data-console-tools] :focus").count()).toBe(1);
  expect(await accessibilityFaults(page)).toEqual([]);
  expect(faults).toEqual([]);
});

it("is a terminal on the serial line, and what a guest writes there does nothing", async () => {
  const { page, faults, context } = await lab.open(`/vms/${vm.id}/console?console=serial0`);
  await open(page);
  await page.locator(".pv-console__serial").click();
  await page.keyboard.type("uptime\r");
  await expect.poll(() => text(page)).toMatch(/up \d/);
  // The guest says all of it again: markup, a title, a link, a question what the terminal is.
  await page.keyboard.type('echo <img src=x onerror="document.title=1"> ]0;owned\r');
  await expect.poll(async () => (await text(page)).match(/<img src=x/g)?.length).toBe(2);
  expect([await page.locator(".xterm img").count(), await page.title()]).toEqual([0, expect.stringContaining(vm.name)]);
  await page.getByRole("button", { name: "Type text" }).click();
  await page.getByRole("textbox", { name: "Text" }).fill("echo one\necho two\n");
  await page.getByRole("button", { name: "Type", exact: true }).click();
  await expect.poll(() => text(page)).toMatch(/\none\n[^]*\ntwo\n/);
  expect(context.pages()).toHaveLength(1);
  expect(await accessibilityFaults(page)).toEqual([]);
  expect(faults).toEqual([]);
});

it("belongs to one at a time: a second is told, takes it over, and the audit log says who", async () => {
  const [first, second] = [await lab.open(`/vms/${vm.id}/console?console=serial0`), await lab.open("/vms")];
  await first.page.locator(".pv-console[data-line=open], .pv-console[data-line=held]").waitFor();
  if ((await first.page.locator(".pv-console[data-line=held]").count()) > 0) await first.page.getByRole("button", { name: "Take it over" }).click();
  await open(first.page);
  await second.page.goto(`${lab.server.url}/vms/${vm.id}/console?console=serial0`);
  await second.page.getByText("Somebody else has this console").waitFor();
  await second.page.getByText(`someone holds the text console of ${vm.name}`).waitFor();
  await second.page.getByRole("button", { name: "Take it over" }).click();
  await open(second.page);
  // Who had it asks once again, is told, and takes nothing back.
  await first.page.getByText("Somebody else has this console").waitFor();
  await second.page.locator(".pv-console__serial").click();
  await second.page.keyboard.type("echo mine\r");
  await expect.poll(() => text(second.page)).toContain("\nmine");
  const { items } = await lab.client.call("auditLogList", { query: { object: vm.id, limit: 1000 } });
  const told = items.map(({ entry }) => [entry.action, entry.outcome, entry.code, entry.details?.["kind"], entry.details?.["force"]].filter(Boolean).join(" "));
  expect(told).toEqual(
    expect.arrayContaining(["console.begin done text", "console.begin done text true", "console.end failed inUse text", "console.begin done graphical"]),
  );
  expect(items.every(({ entry }) => entry.by !== undefined && entry.from !== undefined)).toBe(true);
  expect([...first.faults, ...second.faults]).toEqual([]);
});

it("comes back by itself when the connection is cut, and says meanwhile that it is", async () => {
  const { page } = await lab.open("/vms");
  // The page's own sockets are counted, can be cut, and find no server while the network is away.
  await page.addInitScript(() => {
    const page = globalThis as unknown as { WebSocket: unknown; sockets: { close(code: number, reason: string): void }[]; away: boolean };
    page.sockets = [];
    page.WebSocket = new Proxy(page.WebSocket as new (url: string, protocols: string[]) => { close(code: number, reason: string): void }, {
      construct(target, [url, protocols]: [string, string[]]) {
        const socket = new target(page.away ? url.replace("/api/", "/nowhere/") : url, protocols);
        page.sockets.push(socket);
        return socket;
      },
    });
  });
  await page.goto(`${lab.server.url}/vms/${vm.id}/console?console=vnc`);
  await open(page);
  await page.evaluate(() => {
    const page = globalThis as unknown as { sockets: { close(code: number, reason: string): void }[]; away: boolean };
    page.away = true;
    for (const socket of page.sockets) socket.close(3000, "the network is away");
  });
  await page.getByText("The connection broke. It is tried again by itself.").waitFor();
  await page.evaluate(() => Object.assign(globalThis, { away: false }));
  await open(page);
  await expect.poll(async () => (await pixels(page)).colours).toBeGreaterThan(1);
});

it("has a window of its own, and is gone and here again as the VM is", async () => {
  const { page, faults } = await lab.open(`/vms/${vm.id}/console?console=vnc`);
  await open(page);
  const popup = page.waitForEvent("popup");
  await page.getByRole("button", { name: "Open in a window of its own" }).click();
  const window = await popup;
  await open(window);
  expect([await window.locator(".pv-masthead").count(), await window.getByRole("heading", { name: vm.name }).count()]).toEqual([0, 1]);
  await lab.client.call("taskCreate", { body: { request: { do: "vm.destroy", vms: [vm.id] } } });
  await window.getByText("There is no console now").waitFor();
  await window.getByRole("button", { name: "Start" }).click();
  await open(window);
  await open(page);
  expect(faults).toEqual([]);
});
