import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Args, Client } from "@polyvisor/api/client";
import { askSecret, inputLines } from "../asking.ts";
import type { Context } from "../command.ts";
import { exitCodes } from "../exitCode.ts";
import { CliFailure, isApiError, interrupted, usageFailure } from "../failure.ts";
import { keepDevice, keptDevice } from "./devices.ts";

const browserMinutes = 10;

type Body = NonNullable<Args<"sessionCreate">["body"]>;
interface Session {
  token: string;
  device?: string | undefined;
}

/** Opens a session in the way that the options say: a code, a name and pass phrase with a second factor, or a browser. */
export async function openSession(context: Context, client: Client): Promise<{ token: string }> {
  const { options, io } = context;
  const [name, provider] = [options["name"] as string | undefined, options["provider"] as string | undefined];
  let lines: string[] | undefined;
  const secret = async (question: string): Promise<string> => {
    if (io.stdin.isTTY) return askSecret(question);
    lines ??= await inputLines(io);
    return lines.shift() ?? "";
  };
  const enter = (body: Body): Promise<Session> => client.call("sessionCreate", { body });
  if (name !== undefined) return byPassPhrase(context, enter, secret, { client, name, provider });
  if (provider !== undefined) return byBrowser(context, client, enter, provider, secret);
  return enter({ code: (options["code"] as string | undefined) ?? (await secret(`One-time code for ${client.url}`)) });
}

async function byPassPhrase(
  { io }: Context,
  enter: (body: Body) => Promise<Session>,
  secret: (question: string) => Promise<string>,
  { client, name, provider }: { client: Client; name: string; provider: string | undefined },
): Promise<Session> {
  const account = `${name}${provider === undefined ? "" : `@${provider}`} ${client.url}`;
  const device = keptDevice(io.env, account);
  const passPhrase = await secret(`Pass phrase of ${name}`);
  const body = { name, passPhrase, ...(provider === undefined ? {} : { provider }), ...(device === undefined ? {} : { device }) };
  let session: Session;
  try {
    session = await enter(body);
  } catch (error) {
    if (!isApiError(error) || error.problem.code !== "secondFactorNeeded") throw error;
    const code = await secret("Code of your authenticator, or a recovery code");
    if (code === "") throw error;
    session = await enter({ ...body, secondFactor: code });
  }
  if (session.device !== undefined) keepDevice(io.env, account, session.device);
  return session;
}

/** The browser brings a one-time code back, to a port of this machine or by hand; only this program can use it. */
async function byBrowser(
  context: Context,
  client: Client,
  enter: (body: Body) => Promise<Session>,
  provider: string,
  secret: (question: string) => Promise<string>,
): Promise<Session> {
  const verifier = randomBytes(32).toString("base64url");
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const byHand = context.options["browser"] === false;
  const door = byHand ? undefined : await openDoor();
  try {
    const { url } = await client.call("signInBegin", { params: { id: provider }, body: { challenge, ...(door ? { returnTo: door.url } : {}) } });
    if (!/^https?:\/\//.test(url)) throw usageFailure("The server names no web page to sign in at.");
    context.note(`Sign in with a browser${door ? " of this machine" : ""} at:\n${url}`);
    if (!door) return await enter({ code: await secret("Code that the browser shows in the end"), verifier });
    openBrowser(context, url);
    return await enter({ code: await door.code(context), verifier });
  } finally {
    door?.close();
  }
}

/** A port on loopback that waits for the browser (RFC 8252, section 7.3). */
async function openDoor(): Promise<{ url: string; code: (context: Context) => Promise<string>; close: () => void }> {
  const server: Server = createServer({ maxHeaderSize: 8_192 }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const path = `/${randomBytes(12).toString("base64url")}`;
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: origin + path,
    code: ({ io }) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () =>
            reject(
              new CliFailure(
                exitCodes.failed,
                `Nobody signed in within ${browserMinutes} minutes.`,
                "Begin again, on a machine without browser with --no-browser.",
              ),
            ),
          browserMinutes * 60_000,
        );
        const unhook = io.onInterrupt(() => reject(interrupted("Nobody was signed in.")));
        server.once("close", () => {
          clearTimeout(timer);
          unhook();
        });
        server.on("request", (request, response) => {
          const url = new URL(request.url ?? "/", origin);
          const code = url.searchParams.get("code");
          response.setHeader("connection", "close");
          if (url.pathname !== path || code === null) return void response.writeHead(404).end();
          response
            .writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": "default-src 'none'", "cache-control": "no-store" })
            .end("<!doctype html><title>Signed in</title><p>You are signed in. Close this page and go back to the terminal.");
          resolve(code);
        });
      }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function openBrowser({ io }: Context, url: string): void {
  if (!io.stdin.isTTY || (io.env["DISPLAY"] ?? io.env["WAYLAND_DISPLAY"]) === undefined) return;
  const child = spawn("xdg-open", [url], { stdio: "ignore", detached: true });
  child.on("error", () => undefined); // the address was printed
  child.unref();
}
