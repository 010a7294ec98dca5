import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../../apps/server/src/lab/until.ts";
import { PrivateLibvirtd } from "../lab/privateLibvirtd.ts";
import { startConsoleLab, type ConsoleLab } from "./consoleLab.ts";

// Consoles of a real QEMU guest over a real libvirtd: its serial line while it boots, and its screen, which has a password.

const run = promisify(execFile);
const built = resolve(".cache/micro");
const name = `console-${process.pid}`;
const password = "s3cr3t-8";
let daemon: PrivateLibvirtd;
let lab: ConsoleLab;
let id: string;
const uri = (): string => `qemu+unix:///session?socket=${encodeURIComponent(daemon.socket)}`;
const virsh = async (...args: string[]): Promise<string> => (await run("virsh", ["-q", "-c", uri(), ...args], { timeout: 60_000 })).stdout.trim();

beforeAll(async () => {
  await run(resolve("apps/server/recipes/micro/build.sh"), [built], { timeout: 170_000 });
  const template = JSON.parse(await readFile(join(built, "template.json"), "utf8")) as {
    kernel: string;
    initramfs: string;
    cmdline: string;
    minMemoryMiB: number;
  };
  daemon = await PrivateLibvirtd.start();
  const [kernel, initramfs] = await Promise.all(
    [template.kernel, template.initramfs].map(async (file) => daemon.file(file.replace("/", "-"), await readFile(join(built, file)))),
  );
  const xml = join(daemon.folder, "domain.xml");
  await writeFile(
    xml,
    `<domain type='qemu'><name>${name}</name><memory unit='MiB'>${template.minMemoryMiB}</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='pc'>hvm</type><kernel>${kernel}</kernel><initrd>${initramfs}</initrd><cmdline>${template.cmdline}</cmdline></os>
    <features><acpi/></features><devices><serial type='pty'/><console type='pty'><target type='serial'/></console>
    <graphics type='vnc' port='-1' autoport='yes' passwd='${password}'><listen type='address' address='127.0.0.1'/></graphics>
    <video><model type='vga'/></video></devices></domain>`,
  );
  lab = await startConsoleLab({ hosts: 1, vmsPerHost: 1 });
  await lab.client.call("hostAdd", { body: { uri: uri(), name: "private" } });
  await virsh("define", xml);
  await until("the VM", async () => (id = (await lab.client.call("vmList", { query: { filter: `name = ${name}` } })).items[0]?.id ?? "") !== "", 60_000);
}, 300_000);
afterAll(async () => {
  if (daemon) await virsh("destroy", name).catch(() => undefined);
  await lab?.close();
  await daemon?.[Symbol.asyncDispose]();
});

const text = (page: Page) => page.locator(".xterm-rows").innerText();

it("shows a guest boot on its serial line, and takes what is typed", async () => {
  const { page, faults } = await lab.open(`/vms/${id}/console?console=serial0`);
  await page.getByText("There is no console now").waitFor();
  await page.locator(".pv-object__body").getByRole("button", { name: "Start" }).click();
  await page.locator(".pv-console[data-line=open]").waitFor({ timeout: 60_000 });
  await page.locator(".pv-console__serial").click();
  // A guest that still boots hears nothing: an empty line asks for its prompt.
  await expect
    .poll(
      async () => {
        await page.keyboard.press("Enter");
        return text(page);
      },
      { timeout: 120_000, interval: 1_000 },
    )
    .toMatch(/# /);
  await page.keyboard.type("echo $((40 + 2)) from $(uname -s)\r");
  await expect.poll(() => text(page), { timeout: 30_000 }).toContain("42 from Linux");
  // Colours as a guest sets them, which come as inline styles where they are of the whole palette.
  await page.keyboard.type("printf '\\033[38;2;10;200;30mgreen\\033[0m \\033]0;owned\\007\\n'\r");
  await expect
    .poll(() =>
      page
        .locator(".xterm-rows span", { hasText: /^green$/ })
        .evaluateAll((found) => found.map((each) => (each as unknown as { style: { color: string } }).style.color)),
    )
    .toContain("rgb(10, 200, 30)");
  expect(await page.title()).toContain(name);
  expect(faults).toEqual([]);
}, 300_000);

it("shows its screen, whose password the browser never sees", async () => {
  const { page, faults } = await lab.open("/vms");
  const seen: string[] = [];
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => seen.push(payload.toString("latin1"))));
  page.on(
    "response",
    (response) =>
      void response.text().then(
        (body) => seen.push(body),
        () => undefined,
      ),
  );
  await page.goto(`${lab.server.url}/vms/${id}/console?console=vnc0`);
  await page.locator(".pv-console[data-line=open]").waitFor({ timeout: 60_000 });
  await expect
    .poll(
      () =>
        page.locator(".pv-console__graphical canvas").evaluate((canvas) => {
          const { width, height } = canvas as unknown as { width: number; height: number };
          const { data } = (canvas as unknown as { getContext(kind: string): { getImageData(...box: number[]): { data: Uint8ClampedArray } } })
            .getContext("2d")
            .getImageData(0, 0, width, height);
          const colours = new Set<number>();
          for (let i = 0; i < data.length; i += 4) colours.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!);
          return colours.size;
        }),
      { timeout: 60_000 },
    )
    .toBeGreaterThan(1);
  // The first words of the screen: RFB, and that it asks for nothing.
  expect(seen.some((each) => each.startsWith("RFB 003.008"))).toBe(true);
  expect(seen.filter((each) => each.includes(password))).toEqual([]);
  expect(await virsh("dumpxml", name, "--security-info")).toContain(password);
  await page.getByRole("button", { name: "Ctrl Alt Del" }).click();
  expect(faults).toEqual([]);
}, 300_000);
