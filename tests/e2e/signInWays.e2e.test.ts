import { afterAll, beforeAll, expect, it } from "vitest";
import { hotp, stepOf } from "../../apps/server/src/identity/totp.ts";
import { readQr } from "../../apps/console/src/routes/profile/readQr.ts";
import { newPage, startConsoleLab, type ConsoleLab } from "./consoleLab.ts";

let lab: ConsoleLab;
/** By a name: browsers keep passkeys for names, not for addresses. */
let url: string;
beforeAll(async () => {
  lab = await startConsoleLab({ hosts: 1, vmsPerHost: 2 });
  url = lab.server.url.replace("127.0.0.1", "localhost");
});
afterAll(() => lab?.close());

/** RFC 4648, as an authenticator reads a secret. */
function fromBase32(text: string): Buffer {
  const bits = [...text].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

it("registers a passkey, comes in by it alone, and is refused when it was removed", async () => {
  const { page, faults } = await newPage(lab.browser, url);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const { code } = await lab.client.call("signInCodeCreate");
  await page.goto(`${url}/profile#sign-in=${code}`);
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("dialog").getByLabel("What you call it").fill("key of the test");
  await page.getByRole("dialog").getByRole("button", { name: "Go on" }).click();
  await page.getByRole("row", { name: /key of the test/ }).waitFor();

  const leave = async (): Promise<void> => {
    await page.getByRole("button", { name: "Account admin" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in with a passkey" }).waitFor();
  };
  await leave();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.locator(".pv-masthead").waitFor();

  await page.goto(`${url}/profile`);
  await page.getByRole("button", { name: "Remove: key of the test" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("You have none yet.").waitFor();
  await leave();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.locator(".pf-v6-c-alert.pf-m-danger").waitFor();
  expect(await page.locator(".pv-masthead").count()).toBe(0);
  expect(faults).toEqual([]);
});

it("says that an address has no passkeys instead of failing without a word", async () => {
  const { page, faults } = await lab.open("/profile");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  const dialog = page.getByRole("dialog");
  if ((await dialog.count()) > 0) {
    await dialog.getByRole("button", { name: "Go on" }).click();
    await dialog.getByText("browsers keep passkeys for names", { exact: false }).waitFor();
  } else await page.getByRole("tooltip").getByText("Passkeys need a browser").waitFor();
  expect(faults).toEqual([]);
});

it("sets a pass phrase and an authenticator up by its QR code, and from then on both are asked for", async () => {
  const phrase = "a sentence that nobody guesses";
  const { page, faults } = await lab.open("/profile");
  await page.getByRole("button", { name: "Set a pass phrase" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^New pass phrase/).fill(phrase);
  await dialog.getByLabel(/^The same again/).fill(`${phrase}.`);
  expect(await dialog.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
  await dialog.getByLabel(/^The same again/).fill(phrase);
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Change the pass phrase" }).waitFor();

  await page.getByRole("button", { name: "Set an authenticator up" }).click();
  const uri = new URL(await scanned());
  const secret = uri.searchParams.get("secret")!;
  expect((await dialog.getByRole("textbox", { name: "Secret" }).inputValue()).replaceAll(" ", "")).toBe(secret);
  await dialog.getByLabel(/^The code that it shows/).fill(hotp(fromBase32(secret), stepOf(Date.now())));
  await dialog.getByRole("button", { name: "Confirm" }).click();
  const recovery = (await page.getByRole("textbox", { name: "Recovery codes" }).inputValue()).split("\n");
  expect(recovery).toHaveLength(10);
  await page.getByRole("button", { name: "I have it" }).click();
  await page.getByRole("button", { name: "Take the authenticator away" }).waitFor();

  const other = await newPage(lab.browser, url);
  await other.page.goto(url);
  await other.page.getByLabel("Name").fill("admin");
  await other.page.getByLabel("Pass phrase").fill(phrase);
  await other.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.page.getByLabel("Code of your authenticator").fill(recovery[0]!);
  await other.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.page.locator(".pv-masthead").waitFor();
  expect([...faults, ...other.faults]).toEqual([]);

  /** What a telephone reads of the picture that the page shows. */
  async function scanned(): Promise<string> {
    const picture = page.locator(".pv-qr");
    const [, , size] = (await picture.getAttribute("viewBox"))!.split(" ");
    return readQr({ size: Number(size), path: (await picture.locator("path").getAttribute("d"))! });
  }
});
