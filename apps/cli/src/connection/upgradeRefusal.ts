import { randomBytes } from "node:crypto";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import { ApiError, type Problem } from "@polyvisor/api/client";

const patienceMs = 10_000;

/**
 * Why a server refuses a WebSocket. The WebSocket of Node, as a browser's, hides the answer to its handshake;
 * the same handshake sent once more as a plain request shows it.
 * @returns the server's own problem, or undefined when it gave none
 */
export async function refusal(webSocketUrl: string, token: string | undefined): Promise<ApiError | undefined> {
  const url = new URL(webSocketUrl.replace(/^ws/, "http"));
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const answer = await new Promise<IncomingMessage | undefined>((resolve) => {
    const request = send(url, {
      signal: AbortSignal.timeout(patienceMs),
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-protocol": "polyvisor",
        "sec-websocket-key": randomBytes(16).toString("base64"),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
    });
    request.on("response", resolve);
    request.on("upgrade", (_response, socket) => {
      socket.destroy();
      resolve(undefined); // this time it would have gone
    });
    request.on("error", () => resolve(undefined));
    request.end();
  });
  if (!answer) return undefined;
  try {
    const problem = JSON.parse(await text(answer)) as Problem;
    return typeof problem.code === "string" && typeof problem.detail === "string" ? new ApiError(problem) : undefined;
  } catch {
    return undefined;
  }
}
