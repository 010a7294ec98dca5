import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Client, RequestInput } from "@polyvisor/api";
import { addHost, benchServer } from "./benchServer.ts";
import type { Measured } from "./measure.ts";
import type { Row } from "./table.ts";

const run = promisify(execFile);

/** Asks for a change and resolves when its task has ended, told by the event stream as to any client. */
async function done(client: Client, request: RequestInput): Promise<void> {
  const controller = new AbortController();
  const open = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let id: string | undefined;
  const finished = new Map<string, { state: string; why: string }>();
  const check = () => {
    const end = id ? finished.get(id) : undefined;
    if (end?.state === "succeeded") ended.resolve();
    else if (end) ended.reject(new Error(`the task "${request.do}" ended as ${end.state}: ${end.why}`));
  };
  void (async () => {
    for await (const event of client.events({ signal: controller.signal, kinds: "task", onConnection: (state) => state === "open" && open.resolve() })) {
      if (event.object?.kind === "task" && event.object.endedAt)
        finished.set(event.objectId, { state: event.object.state, why: event.object.failure?.detail ?? "" });
      check();
    }
  })().catch(ended.reject);
  await open.promise;
  id = (await client.call("taskCreate", { body: { request } })).id;
  check();
  try {
    await ended.promise;
  } finally {
    controller.abort();
  }
}

/** From the request to a running VM, against `virsh create` of the very same definition, on this machine's QEMU. */
export async function creation(options: { rounds: number }): Promise<Row[]> {
  const server = await benchServer();
  const folder = await mkdtemp(join(tmpdir(), "pv-create-"));
  const { client } = server;
  const names: string[] = [];
  try {
    await addHost(client, "qemu:///system", "bench");
    await done(client, { do: "template.build", template: "micro" });
    const create = async (name: string): Promise<void> => {
      names.push(name);
      await done(client, { do: "vm.create", template: "micro", spec: { name } });
    };
    await create("pv-bench-model"); // places the template's files, which later ones find
    const model = (await client.call("vmList", { query: { filter: "name=pv-bench-model" } })).items[0]!;
    const definition = await (await client.raw("vmDefinition", { params: { id: model.id }, query: { which: "nextStart" } })).text();
    const own: Measured = { count: 0, ms: [] };
    const virsh: Measured = { count: 0, ms: [] };
    for (let round = 0; round < options.rounds; round++) {
      const file = join(folder, `${round}.xml`);
      await writeFile(
        file,
        definition
          .replace(/<name>[^<]*/, `<name>pv-bench-virsh-${round}`)
          .replace(/<uuid>[^<]*/, `<uuid>${randomUUID()}`)
          .replace(/<mac address=[^>]*>/g, ""),
      );
      let start = performance.now();
      await run("virsh", ["-q", "-c", "qemu:///system", "create", file]);
      virsh.ms.push(performance.now() - start);
      await run("virsh", ["-q", "-c", "qemu:///system", "destroy", `pv-bench-virsh-${round}`]);
      start = performance.now();
      await create(`pv-bench-${round}`);
      own.ms.push(performance.now() - start);
      await done(client, { do: "vm.delete", vms: [names.pop()!], force: true, disks: "delete" });
    }
    return [
      { what: "create to running (QEMU, micro)", who: "virsh create", ms: virsh.ms },
      { what: "create to running (QEMU, micro)", who: "Polyvisor", ms: own.ms, against: virsh.ms, aim: 1.1, note: "a durable task, and a persistent VM" },
    ];
  } finally {
    for (const name of names) await done(client, { do: "vm.delete", vms: [name], force: true, disks: "delete" }).catch(() => undefined);
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
