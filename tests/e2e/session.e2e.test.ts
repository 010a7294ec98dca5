import { createHmac } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newPage, startConsoleLab, type ConsoleLab } from "./consoleLab.ts";

let lab: ConsoleLab;
beforeAll(async () => {
  lab = await startConsoleLab({ hosts: 1, vmsPerHost: 10 });
});
afterAll(() => lab?.close());

const passPhrase = "correct horse battery";
/** An account with a pass phrase, an administrator. */
async function account(name: string): Promise<ReturnType<ConsoleLab["server"]["as"]>> {
  await lab.client.call("accountCreate", { body: { name, groups: ["administrators"] } });
  const { code } = await lab.client.call("accountCode", { params: { id: name } });
  const { token } = await lab.server.as(undefined).call("sessionCreate", { body: { code } });
  const own = lab.server.as(token);
  await own.call("accountPassPhrase", { body: { new: passPhrase } });
  return own;
}

/** What an authenticator shows now (RFC 6238). */
function totp(uri: string, now = Date.now()): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const secret = new URL(uri).searchParams.get("secret")!.replace(/=+$/, "");
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const mac = createHmac("sha1", key).update(counter).digest();
  return String((mac.readUInt32BE(mac[19]! & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

it("signs in by name and pass phrase, and the session is where no script reads it", async () => {
  await account("ada");
  const { page, context, faults } = await newPage(lab.browser, lab.server.url);
  await page.goto(lab.server.url);
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel("Pass phrase").fill("wrong horse battery");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByText("The name, pass phrase or code is wrong").waitFor();
  await page.getByLabel("Pass phrase").fill(passPhrase);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("button", { name: "Account ada" }).waitFor();
  const cookies = await context.cookies();
  expect(cookies).toMatchObject([{ httpOnly: true, sameSite: "Strict" }]);
  const readable = await page.evaluate<string>("JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])");
  expect(readable).not.toContain(cookies[0]!.value);
  expect(faults).toEqual([]);
});

it("asks for the second factor of who has one", async () => {
  const own = await account("grace");
  const { uri } = await own.call("totpBegin");
  await own.call("totpConfirm", { body: { code: totp(uri) } });
  const { page, faults } = await newPage(lab.browser, lab.server.url);
  await page.goto(lab.server.url);
  await page.getByLabel("Name").fill("grace");
  await page.getByLabel("Pass phrase").fill(passPhrase);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  // A code is good once, and this one of half a minute was used: that of the next is taken too.
  await page.getByLabel("Code of your authenticator").fill(totp(uri, Date.now() + 30_000));
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("button", { name: "Account grace" }).waitFor();
  expect(faults).toEqual([]);
});

it("signs in by a passkey", async () => {
  const own = await account("alan");
  const { page, context, faults } = await newPage(lab.browser, lab.server.url);
  const url = lab.server.url.replace("127.0.0.1", "localhost"); // a passkey is for a name
  const devices = await context.newCDPSession(page);
  await devices.send("WebAuthn.enable");
  await devices.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const { code } = await own.call("signInCodeCreate");
  await page.goto(`${url}/vms#sign-in=${code}`);
  await page.getByRole("button", { name: "Account alan" }).waitFor();
  // As text, because nothing but the console is typed for a browser.
  await page.evaluate(`(async () => {
    const { options, handle } = await (await fetch("/api/v1/account/passkeys/options", { method: "POST" })).json();
    const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
    const body = JSON.stringify({ name: "key", handle, passkey: made.toJSON() });
    const answer = await fetch("/api/v1/account/passkeys", { method: "POST", headers: { "content-type": "application/json" }, body });
    if (!answer.ok) throw new Error(await answer.text());
  })()`);
  await page.getByRole("button", { name: "Account alan" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("button", { name: "Account alan" }).waitFor();
  expect(faults.filter((each) => !each.startsWith("elsewhere: http://localhost"))).toEqual([]);
});

it("asks to sign in again over the page, and what was begun goes on", async () => {
  const own = await account("mary");
  const { code } = await own.call("signInCodeCreate");
  const { page, faults } = await newPage(lab.browser, lab.server.url);
  const vm = (await lab.client.call("vmList", { query: { filter: "state = off", limit: 1 } })).items[0]!;
  await page.goto(`${lab.server.url}/vms/${vm.id}#sign-in=${code}`);
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Notes" }).fill("written before the session was over");
  const sessions = (await own.call("sessionList")).items.filter(({ current }) => !current);
  for (const { id } of sessions) await own.call("sessionRevoke", { params: { id } });
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Sign in again to go on" });
  await dialog.getByLabel("Pass phrase").fill(passPhrase);
  await dialog.getByRole("button", { name: "Sign in", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
  await page.locator(".pv-notes", { hasText: "written before the session was over" }).waitFor();
  expect((await lab.client.call("vmGet", { params: { id: vm.id } })).notes).toBe("written before the session was over");
  // And the page is live again.
  await lab.client.call("taskCreate", { body: { request: { do: "vm.start", vms: [vm.id] } } });
  await page.getByText("The VM is powered on").waitFor();
  expect(faults).toEqual([]);
});

it("shows a link's code as used when it comes again", async () => {
  const { code } = await lab.client.call("signInCodeCreate");
  const { page, faults } = await newPage(lab.browser, lab.server.url);
  await page.goto(`${lab.server.url}/#sign-in=${code}`);
  await page.locator(".pv-masthead").waitFor();
  expect(page.url()).not.toContain(code);
  const other = await newPage(lab.browser, lab.server.url);
  await other.page.goto(`${lab.server.url}/#sign-in=${code}`);
  await other.page.getByText("The code is wrong, was used already").waitFor();
  await other.page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  expect([...faults, ...other.faults]).toEqual([]);
});
