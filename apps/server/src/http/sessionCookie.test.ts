import type { IncomingHttpHeaders } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { expect, it } from "vitest";
import { clearSessionCookie, isOwnPage, setSessionCookie, takeSessionCookie } from "./sessionCookie.ts";

const token = `pv_${"a".repeat(43)}`;
const asked = (headers: IncomingHttpHeaders, method = "GET", protocol = "http"): FastifyRequest =>
  ({ method, protocol, headers: { host: "server:8420", ...headers } }) as FastifyRequest;
/** The token that a request has behind the door. */
function taken(headers: IncomingHttpHeaders, method?: string): string | undefined {
  const request = asked({ cookie: `a=1; polyvisor-session-8420=${token}; b=2`, ...headers }, method);
  takeSessionCookie(request);
  expect(request.headers.cookie).toBeUndefined();
  return request.headers.authorization;
}

it.each<[string, IncomingHttpHeaders, string | undefined, boolean]>([
  ["a page of ours", { "sec-fetch-site": "same-origin" }, "POST", true],
  ["a page of ours that reads", { "sec-fetch-site": "same-origin" }, "GET", true],
  ["an address that somebody typed", { "sec-fetch-site": "none" }, "GET", true],
  ["a form of a foreign page", { "sec-fetch-site": "cross-site", origin: "http://server:8420" }, "POST", false],
  ["a page of another port of the same name", { "sec-fetch-site": "same-site", origin: "http://server:9000" }, "POST", false],
  ["a page of another port that reads", { "sec-fetch-site": "same-site" }, "GET", false],
  ["an old browser's page of ours", { origin: "http://server:8420" }, "DELETE", true],
  ["an old browser's foreign page", { origin: "http://evil" }, "DELETE", false],
  ["an old browser's page of another port", { origin: "http://server:9000" }, "POST", false],
  ["a write of nobody knows whom", {}, "POST", false],
  ["a write of a page without an origin", { origin: "null" }, "POST", false],
  ["a plain read of an old browser", {}, "GET", true],
  ["a WebSocket of ours", { upgrade: "websocket", origin: "http://server:8420", "sec-fetch-site": "same-origin" }, "GET", true],
  ["a WebSocket of a foreign page", { upgrade: "websocket", origin: "http://evil", "sec-fetch-site": "cross-site" }, "GET", false],
  ["a WebSocket of nobody knows whom", { upgrade: "websocket" }, "GET", false],
])("of %s", (_, headers, method, counts) => {
  expect(taken(headers, method)).toBe(counts ? `Bearer ${token}` : undefined);
});

it("leaves a token of its own alone, and takes no cookie of another port's server or of another form", () => {
  const own = { "sec-fetch-site": "same-origin" };
  expect(taken({ ...own, authorization: "Bearer other" })).toBe("Bearer other");
  expect(taken({ ...own, cookie: `polyvisor-session-8421=${token}` })).toBeUndefined();
  expect(taken({ ...own, cookie: "polyvisor-session-8420=a b\r\nx: y" })).toBeUndefined();
  expect(taken({ ...own, cookie: `x=${"y".repeat(20_000)}; polyvisor-session-8420=${token}` })).toBeUndefined();
  expect(taken({ ...own, cookie: "polyvisor-session-8420" })).toBeUndefined();
});

it("is read by no script, sent by no foreign page, and over TLS only where there is TLS", () => {
  const set: string[] = [];
  const reply = { header: (_name: string, value: string) => set.push(value) } as unknown as FastifyReply;
  const inAnHour = new Date(Date.now() + 3_600_500).toISOString();
  setSessionCookie(asked({}), reply, token, inAnHour);
  setSessionCookie(asked({}, "POST", "https"), reply, token, inAnHour);
  clearSessionCookie(asked({ host: "server" }), reply);
  expect(set).toEqual([
    `polyvisor-session-8420=${token}; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict`,
    `polyvisor-session-8420=${token}; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict; Secure`,
    "polyvisor-session-web=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict",
  ]);
});

it("knows a page of ours behind a proxy by the host that the browser names", () => {
  expect(isOwnPage(asked({ host: "pv.example.com", origin: "https://pv.example.com" }, "POST"))).toBe(true);
  expect(isOwnPage(asked({ host: "PV.example.com", origin: "https://pv.example.com" }, "POST"))).toBe(true);
  expect(isOwnPage(asked({ host: "pv.example.com", origin: "not a url" }, "POST"))).toBe(false);
});
