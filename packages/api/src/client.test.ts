import { describe, expect, it } from "vitest";
import { ApiError, createClient, routeUrl, webSocketProtocols } from "./client.ts";

const clientOver = (answer: (url: string, init: RequestInit) => Response) => {
  const calls: { url: string; init: RequestInit }[] = [];
  const client = createClient({
    url: "http://host:1/",
    token: "secret",
    fetch: async (url, init) => (calls.push({ url, init }), answer(url, init)),
    delay: async () => undefined,
  });
  return { client, calls };
};

describe("routeUrl", () => {
  it("escapes parameters so that none can leave its place in the path", () => {
    expect(routeUrl("volumeRead", { id: "ds-1", volume: "../a b/?#é" })).toBe("/api/v1/datastores/ds-1/volumes/..%2Fa%20b%2F%3F%23%C3%A9/content");
  });
  it("leaves out what is undefined and insists on path parameters", () => {
    expect(routeUrl("vmList", {}, { filter: "state=off", cursor: undefined })).toBe("/api/v1/vms?filter=state%3Doff");
    expect(() => routeUrl("vmGet")).toThrow(/needs the parameter id/);
  });
});

describe("createClient", () => {
  it("sends token, body, If-Match and idempotency key", async () => {
    const { client, calls } = clientOver(() => Response.json({ id: "t-1" }, { status: 202 }));
    await client.call("taskCreate", { body: { request: { do: "vm.start", vms: ["web"] } }, idempotencyKey: "k", ifMatch: '"3"' });
    expect(calls[0]!.url).toBe("http://host:1/api/v1/tasks");
    expect(calls[0]!.init).toMatchObject({
      method: "POST",
      headers: { authorization: "Bearer secret", "idempotency-key": "k", "if-match": '"3"', "content-type": "application/json" },
    });
    expect(JSON.parse(String(calls[0]!.init.body))).toEqual({ request: { do: "vm.start", vms: ["web"] } });
  });
  it("answers nothing for 204", async () => {
    const { client } = clientOver(() => new Response(null, { status: 204 }));
    expect(await client.call("hostRemove", { params: { id: "h-1" } })).toBeUndefined();
  });
  it("rejects with the problem that the server gave", async () => {
    const problem = { type: "about:blank", title: "There is no such object", status: 404, detail: "no VM web", code: "notFound", remedy: "List." };
    const { client } = clientOver(() => Response.json(problem, { status: 404 }));
    const error = await client.call("vmGet", { params: { id: "web" } }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).problem).toEqual(problem);
  });
  it.each(["<html>502</html>", '{"code":5}', ""])("says so when the answer is not Polyvisor's: %j", async (body) => {
    const { client } = clientOver(() => new Response(body, { status: 502 }));
    const error = await client.call("infoGet").catch((e: unknown) => e);
    expect((error as ApiError).problem.title).toBe("The answer is not Polyvisor's");
  });
  it("never puts the token into a WebSocket's URL", () => {
    const { client } = clientOver(() => new Response());
    expect(client.webSocketUrl("vmConsole", { params: { id: "vm-1" }, query: { kind: "text" } })).toBe("ws://host:1/api/v1/vms/vm-1/console?kind=text");
    expect(webSocketProtocols("abc")).toEqual(["polyvisor", "polyvisor.token.abc"]);
  });
});
