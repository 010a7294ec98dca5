import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createConnection } from "node:net";
import { apiBase, routeUrl } from "@polyvisor/api";
import { webSocketProtocols } from "@polyvisor/api/client";
import type { Event, Host, Vm } from "@polyvisor/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLabServer, type LabServer } from "../lab/labServer.ts";
import { until } from "../lab/until.ts";

let lab: LabServer;
let host: Host;
let vms: Vm[];
beforeAll(async () => {
  lab = await startLabServer();
  host = await lab.client.call("hostAdd", { body: { uri: "sim://streams/host-0001?vms=20&seed=3" } });
  vms = (
    await until("the VMs", async () => {
      const page = await lab.client.call("vmList", { query: { limit: 20 } });
      return page.total === 20 && page;
    })
  ).items;
});
afterAll(() => lab.close());

const authorization = (): Record<string, string> => ({ authorization: `Bearer ${lab.token}` });
const note = (i: number): Promise<Vm> =>
  lab.client.call("vmChange", { params: { id: vms[i % vms.length]!.id }, body: { notes: `note ${i} ${randomBytes(6).toString("hex")}` } });

/** Reads events until `enough` says so. `opened` is told the id in `ready`: what happens from then on will be read. */
async function read(
  options: { since?: string; kinds?: string; objectId?: string; filter?: string },
  enough: (events: Event[]) => boolean,
  opened?: (id: string) => void,
): Promise<Event[]> {
  const over = new AbortController();
  const answer = await fetch(lab.url + routeUrl("eventStream", {}, options), { headers: authorization(), signal: over.signal });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toMatch(/^text\/event-stream/);
  const events: Event[] = [];
  let text = "";
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const messages = text.split("\n\n");
    text = messages.pop()!;
    for (const message of messages) {
      const data = /^data: (.*)$/m.exec(message)?.[1];
      if (/^event: ready$/m.test(message)) opened?.((JSON.parse(data!) as { id: string }).id);
      else if (data !== undefined) {
        const event = JSON.parse(data) as Event;
        expect(/^id: (.*)$/m.exec(message)?.[1]).toBe(event.id);
        events.push(event);
      }
    }
    if (enough(events)) break;
  }
  over.abort();
  return events;
}

describe("events", () => {
  test("`ready` comes first, then what happens, with the object as it is now", async () => {
    const answer = await fetch(lab.url + routeUrl("eventStream"), { headers: authorization() });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    // A change that was under way may stand in the same piece behind it.
    let text = (await reader.read()).value!;
    expect(text).toMatch(/^retry: 1000\nid: \d+\nevent: ready\ndata: \{"id":"\d+"\}\n\n/);
    const changed = await note(0);
    while (!text.includes(changed.notes)) text += (await reader.read()).value;
    expect(text).toMatch(/^event: changed$/m);
    await reader.cancel();
  });

  test("who resumes by id at any place misses nothing and sees nothing twice", async () => {
    const opened = Promise.withResolvers<string>();
    const all = read({ kinds: "vm" }, (events) => events.filter((each) => each.fields.includes("notes")).length >= 40, opened.resolve);
    await opened.promise;
    for (let i = 0; i < 40; i++) await note(i);
    const whole = await all;
    const ids = whole.map((each) => each.id);
    expect(ids).toEqual([...ids].sort((a, b) => Number(a) - Number(b)));
    expect(new Set(ids).size).toBe(ids.length);
    for (let cut = 0; cut < ids.length - 1; cut += 5) {
      const rest = await read({ since: ids[cut]!, kinds: "vm" }, (events) => events.length >= ids.length - cut - 1);
      expect(rest.slice(0, ids.length - cut - 1).map((each) => each.id)).toEqual(ids.slice(cut + 1));
      expect(rest[0]).toEqual(whole[cut + 1]);
    }
  });

  test("kinds and object narrow it; what they are not is refused", async () => {
    const [one] = vms;
    const opened = Promise.withResolvers<string>();
    const seen = read({ objectId: one!.id }, (events) => events.length >= 2, opened.resolve);
    await opened.promise;
    for (let i = 0; i < 20; i++) await note(i);
    await note(0);
    await note(0);
    expect(new Set((await seen).map((each) => each.objectId))).toEqual(new Set([one!.id]));
    for (const [query, detail] of [
      ["kinds=vm,ghost", /"ghost"/],
      ["filter=stat%3Dx", /did you mean state/],
      ["kinds=host,task&filter=vm%20where%20state%3Doff", /`kinds` leaves out/],
      ["since=x", /to resume after is not one/],
      ["since=1e3", /to resume after is not one/],
    ] as const) {
      const answer = await fetch(`${lab.url}${apiBase}/events?${query}`, { headers: authorization() });
      expect(answer.status).toBe(400);
      expect(((await answer.json()) as { detail: string }).detail).toMatch(detail);
    }
  });

  test("a filter leaves events after which the object fits", async () => {
    const opened = Promise.withResolvers<string>();
    const seen = read(
      { filter: 'notes ~ "wanted" and host is not empty' },
      (events) => events.some(({ object }) => object?.kind === "vm" && object.notes === "last wanted"),
      opened.resolve,
    );
    await opened.promise;
    const [one, two] = vms.map(({ id }) => ({ params: { id } }));
    await lab.client.call("vmChange", { ...one!, body: { notes: "Wanted 1" } });
    await lab.client.call("vmChange", { ...two!, body: { notes: "not this" } });
    await lab.client.call("vmChange", { ...two!, body: { notes: "last wanted" } });
    expect((await seen).map(({ object }) => object?.kind === "vm" && object.notes)).toEqual(["Wanted 1", "last wanted"]);
  });

  test("a reader that never reads costs a bounded memory and holds nobody up", async () => {
    const socket = createConnection(Number(new URL(lab.url).port), "127.0.0.1");
    socket.write(`GET ${apiBase}/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${lab.token}\r\n\r\n`);
    await once(socket, "readable");
    socket.pause();
    const big = "n".repeat(60_000);
    const heapBefore = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    for (let i = 0; i < 400; i++) await lab.client.call("vmChange", { params: { id: vms[i % 20]!.id }, body: { notes: big + i } }); // 24 MB of events
    const opened = Promise.withResolvers<string>();
    const live = read({}, (events) => events.length >= 1, opened.resolve);
    await opened.promise;
    await note(1);
    expect((await live).length).toBeGreaterThan(0);
    expect(process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - heapBefore).toBeLessThan(300e6);
    socket.destroy();
  });
});

describe("consoles", () => {
  const socketTo = (query: Record<string, string>, token = lab.token): WebSocket => {
    const url = lab.client.webSocketUrl("vmConsole", { params: { id: running().id }, query });
    const socket = new WebSocket(url, webSocketProtocols(token));
    socket.binaryType = "arraybuffer";
    return socket;
  };
  const running = (): Vm => vms.find((each) => each.state === "running")!;
  /** Everything that comes, as one growing text. */
  function collect(socket: WebSocket): { text: () => string } {
    let text = "";
    socket.addEventListener("message", (event) => (text += Buffer.from(event.data as ArrayBuffer).toString("latin1")));
    return { text: () => text };
  }

  test("a text console carries what is typed and what is answered", async () => {
    const socket = socketTo({ kind: "text" });
    const { text } = collect(socket);
    await once(socket, "open");
    expect(socket.protocol).toBe("polyvisor");
    socket.send(Buffer.from("\r"));
    await until("a prompt", () => text().length > 0);
    socket.close();
    await once(socket, "close");
  });

  test("a graphical console is RFB", async () => {
    const socket = socketTo({ kind: "graphical", force: "true" });
    const { text } = collect(socket);
    await until("the greeting", () => text().startsWith("RFB 003.008\n"));
    socket.close();
    await once(socket, "close");
  });

  test("what cannot be opened is an ordinary problem, before any upgrade", async () => {
    const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": randomBytes(16).toString("base64") };
    const { request } = await import("node:http");
    const get = (path: string, headers: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) =>
        request(lab.url + path, { headers: { ...upgrade, ...headers } }, (answer) => resolve(answer.resume().statusCode!))
          .once("upgrade", () => resolve(101))
          .once("error", reject)
          .end(),
      );
    const of = (vm: string, query = ""): string => `${apiBase}/vms/${vm}/console${query}`;
    expect(await get(of(running().id), {})).toBe(401);
    expect(await get(of("vm-000000000000"), authorization())).toBe(404);
    expect(await get(of(running().id, "?kind=smell"), authorization())).toBe(400);
    const off = vms.find((each) => each.state === "off");
    if (off) expect(await get(of(off.id), authorization())).toBe(409);
    expect((await fetch(lab.url + of(running().id), { headers: authorization() })).status).toBe(400);
  });

  test("a message beyond every use closes the console and nothing else", async () => {
    const socket = socketTo({ kind: "text", force: "true" });
    await once(socket, "open");
    socket.send(new Uint8Array(2 * 1024 ** 2));
    await once(socket, "close");
    expect((await fetch(`${lab.url}/healthz`)).status).toBe(200);
  });
});

describe("volumes", () => {
  const size = 5_000_001;
  let datastore: string;

  beforeAll(async () => {
    const { items } = await lab.client.call("datastoreList", { query: { filter: `host=${host.name}` } });
    datastore = items.find((each) => each.active)!.id;
    const task = await lab.client.call("taskCreate", {
      body: { request: { do: "volume.create", datastore, volume: "lab disk ü.raw", capacity: size, format: "raw" } },
    });
    const ended = await until("the volume", async () => {
      const now = await lab.client.call("taskGet", { params: { id: task.id } });
      return now.endedAt !== undefined && now;
    });
    expect(ended).toMatchObject({ state: "succeeded" });
  });
  const path = (): string => routeUrl("volumeRead", { id: datastore, volume: "lab disk ü.raw" });

  test("come back byte for byte", async () => {
    const bytes = randomBytes(size);
    const put = await fetch(lab.url + path(), { method: "PUT", headers: { ...authorization(), "content-type": "application/octet-stream" }, body: bytes });
    expect(put.status, await put.text()).toBe(204);
    const got = await fetch(lab.url + path(), { headers: authorization() });
    expect(got.headers.get("content-disposition")).toBe("attachment; filename*=UTF-8''lab%20disk%20%C3%BC.raw");
    const back = Buffer.from(await got.arrayBuffer());
    expect(back.length).toBe(size);
    expect(createHash("sha256").update(back).digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  test("need their size, and a volume that is there", async () => {
    const stream = new ReadableStream({ start: (controller) => (controller.enqueue(new Uint8Array(10)), controller.close()) });
    const without = await fetch(lab.url + path(), {
      method: "PUT",
      headers: { ...authorization(), "content-type": "application/octet-stream" },
      body: stream,
      duplex: "half",
    } as RequestInit);
    expect(await without.json()).toMatchObject({ code: "badRequest", where: "header Content-Length" });
    const absent = await fetch(lab.url + routeUrl("volumeRead", { id: datastore, volume: "../../etc/passwd" }), { headers: authorization() });
    expect(absent.status).toBe(404);
    const json = await fetch(lab.url + path(), { method: "PUT", headers: { ...authorization(), "content-type": "application/json" }, body: "{}" });
    expect(json.status).toBe(415);
  });

  test("an upload that is cut off is given up, and the server goes on", async () => {
    const socket = createConnection(Number(new URL(lab.url).port), "127.0.0.1");
    socket.write(
      `PUT ${path()} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${lab.token}\r\nContent-Type: application/octet-stream\r\nContent-Length: ${size}\r\n\r\n`,
    );
    await new Promise((resolve) => socket.write(Buffer.alloc(100_000), resolve));
    socket.destroy();
    await until("that the volume can be read again", async () => {
      const answer = await fetch(lab.url + path(), { headers: authorization() });
      return (await answer.arrayBuffer()).byteLength === size;
    });
  });
});
