import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PrivateLibvirtd } from "../lab/privateLibvirtd.ts";
import { PrivateSshd } from "../lab/privateSshd.ts";
import { accessibilityFaults } from "./accessibility.ts";
import { startConsoleLab, type ConsoleLab } from "./consoleLab.ts";

let lab: ConsoleLab;
beforeAll(async () => {
  lab = await startConsoleLab({ hosts: 1, vmsPerHost: 4 });
});
afterAll(() => lab?.close());

it("adds a simulated host: says first what is there, then it appears; and it is changed, disabled and forgotten", async () => {
  const { page, faults } = await lab.open("/hosts");
  await page.getByRole("link", { name: "Add a host" }).click();
  const add = page.getByRole("button", { name: "Add", exact: true });
  expect(await add.getAttribute("aria-disabled")).toBe("true");
  await page.getByLabel("Way there").selectOption("simulated");
  await page.getByRole("textbox", { name: "Estate" }).fill("other");
  await page.getByRole("textbox", { name: "Machine" }).fill("host-0007");
  await page.getByRole("textbox", { name: "VMs" }).fill("3");
  expect(await page.locator("[data-uri]").textContent()).toBe("sim://other/host-0007?vms=3");
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByText("3 VMs would appear").waitFor();
  expect((await lab.client.call("hostList")).items).toHaveLength(1);
  const name = '<img src=x onerror="document.title=1">\u202e🎉';
  await page.getByRole("textbox", { name: "Name", exact: true }).fill(name);
  await page.getByRole("textbox", { name: "Tags" }).fill("lab, new");
  await add.click();
  await page.locator("h1", { hasText: "<img" }).waitFor();
  expect((await lab.client.call("hostList", { query: { filter: "tag = lab" } })).items[0]).toMatchObject({ name, tags: ["lab", "new"] });

  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("dialog").getByLabel(/^Name/).fill("seven");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "seven", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
  await page.getByText("The host seven is disabled", { exact: false }).first().waitFor();
  await page.getByRole("button", { name: "Enable" }).click();
  await page.getByText("It answers, and its changes show at once.").waitFor();
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect.poll(() => new URL(page.url()).pathname).toBe("/hosts");
  await page.locator('[data-table=host][data-total="1"]').waitFor({ state: "attached" });
  expect(faults).toEqual([]);
});

it("says why a host does not answer and what to do", async () => {
  const { page, faults } = await lab.open("/hosts/add");
  await page.getByLabel("Way there").selectOption("tcp");
  await page.getByRole("textbox", { name: "Machine" }).fill("127.0.0.1");
  await page.getByRole("textbox", { name: "Port" }).fill("1");
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByText("The host refused the connection").waitFor();
  await page
    .getByText("Start the hypervisor's daemon there", { exact: false })
    .or(page.getByText("listens", { exact: false }))
    .first()
    .waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  expect(faults).toEqual([]);
});

it("trusts a real host's SSH key after it was compared, and no other key later", async () => {
  await using stack = new AsyncDisposableStack();
  const daemon = stack.use(await PrivateLibvirtd.start());
  const sshd = stack.use(await PrivateSshd.start());
  const known = join(sshd.folder, "known_hosts_empty");
  writeFileSync(known, "");
  const uri = `test+ssh://${sshd.user}@127.0.0.1:${sshd.port}/default?socket=${daemon.socket}&keyfile=${sshd.keyFile}&known_hosts=${known}`;
  const print = execFileSync("ssh-keygen", ["-lf", join(sshd.folder, "host_ed25519.pub")], { encoding: "utf8" }).split(" ")[1]!;
  const other = execFileSync("ssh-keygen", ["-lf", join(sshd.folder, "host_ecdsa.pub")], { encoding: "utf8" }).split(" ")[1]!;

  const { page, faults } = await lab.open("/hosts/add");
  await page.getByLabel("Way there").selectOption("uri");
  await page.getByRole("textbox", { name: "URI" }).fill(uri);
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByText("The host's SSH key is not known").waitFor();
  expect(await page.locator("[data-fingerprint]").textContent()).toBe(print);
  const trust = page.getByRole("button", { name: "Trust it and test again" });
  expect(await trust.isDisabled()).toBe(true);
  await page.getByLabel("I compared it").check();
  await trust.click();
  await page.getByText(/would appear/).waitFor();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("far");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("heading", { name: "far", level: 1 }).waitFor();
  await page.getByText("It answers, and its changes show at once.").waitFor();
  expect((await lab.client.call("hostList", { query: { filter: "name = far" } })).items[0]!.uri).not.toContain("SHA256");

  // A key that was not the one that somebody compared is not trusted, whoever shows it.
  await expect(lab.client.call("hostTest", { body: { uri, fingerprint: other } })).rejects.toMatchObject({
    problem: { code: "hostKeyChanged", fingerprint: print },
  });
  expect(faults).toEqual([]);
});
