import { afterAll, beforeAll, expect, it } from "vitest";
import { accessibilityFaults } from "./accessibility.ts";
import { newPage, startConsoleLab, type ConsoleLab, type ConsolePage } from "./consoleLab.ts";

let lab: ConsoleLab;
beforeAll(async () => {
  lab = await startConsoleLab({ hosts: 2, vmsPerHost: 12 });
});
afterAll(() => lab?.close());

/** A page of somebody else, signed in by a code that an administrator made for the account. */
async function openAs(account: string, path: string): Promise<ConsolePage> {
  const made = await newPage(lab.browser, lab.server.url);
  const { code } = await lab.client.call("accountCode", { params: { id: account } });
  await made.page.goto(`${lab.server.url}${path}#sign-in=${code}`);
  await made.page.locator(".pv-masthead").waitFor();
  return made;
}

const areas = ["accounts", "groups", "roles", "grants", "why", "identity-providers", "sessions", "history", "servers", "about"].map(
  (each) => `/administration/${each}`,
);
const own = ["/profile", "/profile/tokens", "/profile/sessions", "/profile/preferences", "/hosts/add"];

it("every page of the administration and of the profile is there, in both themes, and nobody is shut out of it", async () => {
  const { page, faults } = await lab.open("/administration");
  await expect.poll(() => new URL(page.url()).pathname).toBe("/administration/accounts");
  for (const theme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: theme });
    for (const path of [...areas, ...own]) {
      await page.goto(lab.server.url + path);
      await page.locator("h1").first().waitFor();
      await expect.poll(() => page.locator(".pf-v6-c-skeleton").count()).toBe(0);
      expect(await page.getByText("This did not work").count(), path).toBe(0);
      expect(await accessibilityFaults(page), `${path} ${theme}`).toEqual([]);
    }
  }
  expect(faults).toEqual([]);
});

it("makes an account, puts it into a group, and gives the group a role in a folder: it counts at once in an open page", async () => {
  await lab.client.call("folderCreate", { body: { name: "team" } });
  const { items } = await lab.client.call("vmList", { query: { limit: 3, sort: "name" } });
  for (const vm of items) await lab.client.call("vmChange", { params: { id: vm.id }, body: { folder: "/team" }, ifMatch: `"${vm.revision}"` });
  const { page, faults } = await lab.open("/administration/groups");

  await page.getByRole("button", { name: "New group" }).click();
  await page.getByRole("dialog").getByLabel(/^Name/).fill("team");
  await page.getByRole("dialog").getByRole("button", { name: "Make" }).click();
  await page.getByRole("heading", { name: "team", level: 1 }).waitFor();

  await page.getByRole("link", { name: "Accounts" }).click();
  await page.getByRole("button", { name: "New account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^Name/).fill("val");
  await dialog.getByLabel("team").check();
  await dialog.getByRole("button", { name: "Make" }).click();
  const link = await page.getByLabel("Link for a browser").inputValue();
  await page.getByRole("button", { name: "I have it" }).click();

  const val = await newPage(lab.browser, lab.server.url);
  await val.page.goto(link);
  await val.page.locator('[data-table=vm][data-total="0"]').waitFor({ state: "attached" });

  await page.getByRole("link", { name: "Grants" }).click();
  await page.getByRole("button", { name: "New grant" }).click();
  await dialog.getByLabel("Role").selectOption("viewer");
  await dialog.getByRole("combobox", { name: /^Group/ }).fill("team");
  await dialog.getByRole("combobox", { name: /^Folder/ }).fill("/team");
  await dialog.getByRole("button", { name: "Give" }).click();
  await page.getByRole("row", { name: /allows viewer group team in the folder \/team/i }).waitFor();

  // What was opened before the grant shows it without being loaded anew, and not a VM more.
  await val.page.locator('[data-table=vm][data-total="3"]').waitFor({ state: "attached" });
  expect([...faults, ...val.faults]).toEqual([]);
});

it("a viewer learns nothing about what is not his: not in table, tree, palette, counts or by its address", async () => {
  const { page, faults } = await openAs("val", "/vms");
  await page.locator('[data-table=vm][data-total="3"]').waitFor({ state: "attached" });
  const { items } = await lab.client.call("vmList", { query: { limit: 100, sort: "name" } });
  const foreign = items.filter(({ folder }) => folder === undefined);
  expect(foreign).toHaveLength(21);
  const hidden = foreign[0]!;
  expect(await page.locator("body").innerText()).not.toContain(hidden.name);

  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill(hidden.name);
  await page.getByRole("dialog").getByText("Nothing").waitFor();
  await page.keyboard.press("Escape");

  await page.goto(`${lab.server.url}/vms/${hidden.id}`);
  await page.getByText("There is no such object").waitFor();
  expect(await page.locator("body").innerText()).not.toContain(hidden.name);

  // He may look at roles, and is told what he may not.
  await page.goto(`${lab.server.url}/administration`);
  await expect.poll(() => new URL(page.url()).pathname).toBe("/administration/roles");
  const areas = page.getByRole("navigation", { name: "Areas" }).getByRole("link");
  await expect.poll(() => areas.allInnerTexts()).toEqual(["Roles", "Why may who do what?", "About"]);
  expect(await page.getByRole("button", { name: "New role" }).getAttribute("aria-disabled")).toBe("true");
  await page.goto(`${lab.server.url}/administration/accounts`);
  await page.getByText("you lack the permission account.administer").waitFor();

  const seen = items.find(({ folder }) => folder !== undefined)!;
  await page.goto(`${lab.server.url}/vms/${seen.id}/permissions`);
  await page.getByRole("button", { name: "Why? vm.power" }).click();
  await page.getByText("val may not: vm.power").waitFor();
  await page.getByText("No grant speaks to it.").waitFor();
  await page.getByRole("button", { name: "Why? vm.view" }).click();
  await page.getByText("The role viewer, by the group team, in the folder /team").waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  expect(faults).toEqual([]);
});

it("a denial is made and explained, and taking it back counts at once", async () => {
  const { items } = await lab.client.call("vmList", { query: { limit: 100 } });
  const vm = items.find(({ folder }) => folder !== undefined)!;
  const val = await openAs("val", "/vms");
  await val.page.locator('[data-table=vm][data-total="3"]').waitFor({ state: "attached" });
  const { page, faults } = await lab.open(`/vms/${vm.id}/permissions`);
  await page.getByRole("button", { name: "New grant" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Effect").selectOption("deny");
  await dialog.getByLabel("Role").selectOption("viewer");
  await dialog.getByRole("combobox", { name: /^Group/ }).fill("team");
  await dialog.getByRole("button", { name: "Deny" }).click();
  await val.page.locator('[data-table=vm][data-total="2"]').waitFor({ state: "attached" });

  await page.getByRole("combobox", { name: /^Account/ }).fill("val");
  await page.getByRole("button", { name: "Why? vm.view" }).click();
  await page.getByText("val may not: vm.view").waitFor();
  await page.getByText("A denial wins over every grant that allows.").waitFor();

  await page.goto(`${lab.server.url}/administration/grants?find=${vm.id}`);
  await page.getByRole("button", { name: "Take back" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
  await page.getByText("There is no grant.").waitFor();
  await val.page.locator('[data-table=vm][data-total="3"]').waitFor({ state: "attached" });
  expect([...faults, ...val.faults]).toEqual([]);
});

it("a session that is ended under an open page asks to sign in again, and shows nothing as fresh", async () => {
  const val = await openAs("val", "/vms");
  await val.page.locator('[data-table=vm][data-total="3"]').waitFor({ state: "attached" });
  const { items } = await lab.client.call("accountList");
  const id = items.find(({ name }) => name === "val")!.id;
  const { page, faults } = await lab.open(`/administration/accounts/${id}`);
  for (;;) {
    const ends = page.getByRole("button", { name: "End", exact: true });
    await page
      .getByText(/Chromium|There is no open session/)
      .first()
      .waitFor();
    if ((await ends.count()) === 0) break;
    const before = await ends.count();
    await ends.first().click();
    await page.getByRole("dialog").getByRole("button", { name: "End" }).click();
    await expect.poll(() => ends.count()).toBe(before - 1);
  }
  await val.page.getByText("Sign in again to go on").waitFor();
  expect(await val.page.locator(".pv-shell__content").getAttribute("data-stale")).toBe("true");
  expect([...faults, ...val.faults]).toEqual([]);
});

it("a token is shown once, works, and is refused when it was revoked", async () => {
  const { page, faults } = await lab.open("/profile/tokens");
  await page.getByRole("button", { name: "New token" }).click();
  await page.getByRole("dialog").getByLabel(/^Name/).fill("<b>backup</b>\u202e");
  await page.getByRole("dialog").getByRole("button", { name: "Make" }).click();
  const token = await page.getByRole("textbox", { name: "Token", exact: true }).inputValue();
  await page.getByRole("button", { name: "I have it" }).click();
  expect((await lab.server.as(token).call("vmList", { query: { limit: 1 } })).items).toHaveLength(1);
  // It was made to look only.
  await expect(lab.server.as(token).call("tokenCreate", { body: { name: "more" } })).rejects.toMatchObject({ problem: { code: "forbidden" } });
  expect(await page.content()).not.toContain(token);
  await page.getByRole("button", { name: /^Revoke: <b>backup/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("row", { name: /backup/ }).waitFor({ state: "detached" });
  await expect(lab.server.as(token).call("vmList")).rejects.toMatchObject({ problem: { code: "notSignedIn" } });
  expect(faults).toEqual([]);
});

it("names of 255 characters of any script are names, and break no page", async () => {
  const name = `<img src=x onerror="document.title=1">\u202e𝒜🎉${"ä".repeat(80)}`;
  const group = await lab.client.call("groupCreate", { body: { name: name.replaceAll("/", "").slice(0, 120), description: "x".repeat(1024) } });
  await lab.client.call("accountCreate", { body: { name: "x".repeat(64), displayName: `${name}${"é".repeat(100)}`, groups: [group.id] } });
  const { page, faults } = await lab.open("/administration/accounts", { viewport: { width: 390, height: 844 } });
  for (const path of ["/administration/accounts", "/administration/groups", `/administration/groups/${group.id}`]) {
    await page.goto(lab.server.url + path);
    await page.locator("table").first().waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path).toBe(true);
  }
  expect(await page.title()).toContain("Polyvisor");
  expect(faults).toEqual([]);
});

it("times are shown in the zone that one chose", async () => {
  const { page, faults } = await lab.open("/profile/preferences");
  await page.getByRole("combobox", { name: "Time zone" }).fill("Asia/Tokyo");
  await page.getByText(/It is .*(GMT\+9|Japan|JST)/).waitFor();
  await page.getByRole("combobox", { name: "Time zone" }).fill("Atlantis/Central");
  await page.getByText("There is no such time zone.").waitFor();
  expect(faults).toEqual([]);
});
