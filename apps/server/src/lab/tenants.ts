import { ApiError, type Client } from "@polyvisor/api/client";
import type { Host, Task, Vm } from "@polyvisor/model";
import { clientOf, type LabServer } from "./labServer.ts";
import { until } from "./until.ts";

/** Someone who signed in. */
export interface Person {
  name: string;
  token: string;
  client: Client;
}

/** Makes an account and signs it in. */
export async function person(lab: LabServer, name: string, groups: string[] = []): Promise<Person> {
  const { id } = await lab.client.call("accountCreate", { body: { name, groups } });
  const { code } = await lab.client.call("accountCode", { params: { id } });
  const { token } = await lab.as(undefined).call("sessionCreate", { body: { code } });
  return { name, token, client: clientOf(lab.url, token) };
}

/** A host of simulated VMs that is there with all of them. */
export async function simHost(lab: LabServer, uri: string, vms: number, more: { name?: string; tags?: string[] } = {}): Promise<{ host: Host; vms: Vm[] }> {
  const host = await lab.client.call("hostAdd", { body: { uri, ...more } });
  const items = await until(`${vms} VMs of ${host.name}`, async () => {
    const page = await lab.client.call("vmList", { query: { filter: `host = ${host.id}`, limit: 1000 } });
    return page.total === vms && page.items;
  });
  return { host, vms: items };
}

/** Two tenants on one site: each has a folder with a host and its VMs, and an administrator of its own. */
export async function twoTenants(lab: LabServer, vms: number) {
  const make = async (name: string) => {
    const folder = await lab.client.call("folderCreate", { body: { name } });
    const own = await simHost(lab, `sim://${name}/host-0001?vms=${vms}&seed=${name.length}`, vms, { name: `${name}-host` });
    await lab.client.call("hostChange", { params: { id: own.host.id }, body: { folder: folder.id } });
    const placed: Vm[] = [];
    for (const vm of own.vms) placed.push(await lab.client.call("vmChange", { params: { id: vm.id }, body: { folder: folder.id, tags: [name] } }));
    const admin = await person(lab, `${name}-admin`);
    await lab.client.call("grantCreate", { body: { role: "tenant-administrator", account: admin.name, on: { folder: folder.id } } });
    return { folder, host: own.host, vms: placed, admin };
  };
  return { a: await make("alpha"), b: await make("beta") };
}

/** The code of the problem that a call is answered with; `done` where it is not. */
export const refused = async (asked: Promise<unknown>): Promise<string> => {
  try {
    await asked;
  } catch (error) {
    if (error instanceof ApiError) return error.problem.code;
    throw error;
  }
  return "done";
};
/** Waits for a task to be over. */
export const ended = (client: Person["client"], task: Task): Promise<Task> =>
  until("the end of the task", async () => {
    const now = await client.call("taskGet", { params: { id: task.id } });
    return now.endedAt !== undefined && now;
  });
