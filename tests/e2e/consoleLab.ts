import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@polyvisor/api/client";
import { simUris, type EstateOptions } from "@polyvisor/hypervisors";
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "playwright-core";
import { startLabServer, type LabServer } from "../../apps/server/src/lab/labServer.ts";

const root = join(import.meta.dirname, "../..");
/** Hosts that are added at a time. */
const atOnce = 16;

/** A real server over simulated hosts, and a real browser before it. */
export interface ConsoleLab {
  server: LabServer;
  /** The administrator's own client, to make things happen behind the browser's back. */
  client: Client;
  browser: Browser;
  /** A page of a person of its own (cookies, preferences), signed in as the administrator. What goes wrong in it is in `faults`. */
  open(path?: string, options?: BrowserContextOptions): Promise<ConsolePage>;
  close(): Promise<void>;
}

/** A page, and what a user would not see of it but its maker must. */
export interface ConsolePage {
  page: Page;
  context: BrowserContext;
  /** Errors of scripts, refusals by the content security policy, requests to elsewhere. Every test ends with none. */
  faults: string[];
}

/** @param estate the simulated hosts, `{ hosts: 3, vmsPerHost: 10 }` */
export async function startConsoleLab(estate: EstateOptions): Promise<ConsoleLab> {
  if (!existsSync(join(root, "apps/console/dist/index.html"))) throw new Error("the console is not built: ./polyvisor test e2e builds it");
  const server = await startLabServer();
  const uris = simUris(estate);
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let uri = uris[next++]; uri !== undefined; uri = uris[next++]) await server.client.call("hostAdd", { body: { uri } });
    }),
  );
  const browser = await openBrowser();
  return {
    server,
    client: server.client,
    browser,
    async open(path = "/vms", options = {}) {
      return openConsole(browser, server, path, options);
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    // As root there is no sandbox; and nothing but our pages is to be asked for.
    args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
  });

/** A browser of a person of its own that has not signed in. */
export async function newPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<ConsolePage> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  return { page, context, faults: watch(page, url) };
}

/** The same, signed in as the administrator by a one-time code. */
export async function openConsole(
  browser: Browser,
  server: { url: string; client: Client },
  path: string,
  options?: BrowserContextOptions,
): Promise<ConsolePage> {
  const made = await newPage(browser, server.url, options);
  const { code } = await server.client.call("signInCodeCreate");
  await made.page.goto(`${server.url}${path}#sign-in=${code}`);
  await made.page.locator(".pv-masthead").waitFor();
  return made;
}

/** Collects what goes wrong in a page. */
export function watch(page: Page, url: string): string[] {
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`script: ${error.message}`));
  page.on("console", (message) => {
    const text = message.text();
    // The browser itself tells of every answer that is no success; what the page makes of it is what tests look at.
    if (message.type() === "error" && !text.startsWith("Failed to load resource")) faults.push(`console: ${text}`);
  });
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url)) faults.push(`elsewhere: ${request.url()}`);
  });
  return faults;
}
