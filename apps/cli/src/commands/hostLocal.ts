import type { Client } from "@polyvisor/api/client";
import type { Host } from "@polyvisor/model";
import type { Context } from "../command.ts";
import { exitCodes } from "../exitCode.ts";
import { isApiError } from "../failure.ts";
import { listAll } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { settled } from "./hostSettled.ts";
import { show } from "../show.ts";

/** What a machine may have, each with what stands in for it when it is not permitted, and how it is called beside others. */
const candidates = [
  { uri: "qemu:///system", instead: "qemu:///session", suffix: "" },
  { uri: "lxc:///", suffix: "-lxc" },
  { uri: "xen:///system", suffix: "-xen" },
] as const;

interface Outcome {
  uri: string;
  result: "added" | "present" | "absent";
  name?: string;
  detail: string;
}

/**
 * Adds every hypervisor of the server's machine that answers. Said twice it changes nothing.
 * @returns 0 when at least one is there now, else 1
 */
export async function addLocal(context: Context): Promise<number> {
  const client = await context.client();
  const outcomes: Outcome[] = [];
  for (const candidate of candidates) outcomes.push(await addOne(context, client, candidate, context.options["tag"] as string[] | undefined));
  await show(context, outcomes, () =>
    outcomes.map(
      ({ uri, result, name, detail }) =>
        `${uri}: ${result === "added" ? `added as ${escapeText(name!)}` : result === "present" ? `already there as ${escapeText(name!)}` : "not added"}${detail ? `: ${escapeText(detail)}` : ""}`,
    ),
  );
  if (outcomes.some(({ result }) => result !== "absent")) return exitCodes.ok;
  context.note("No hypervisor of this machine answers.");
  context.note("Install one (on Debian: apt install libvirt-daemon-system qemu-system-x86) and start libvirtd, or add a host by its URI.");
  return exitCodes.failed;
}

async function addOne(
  context: Context,
  client: Client,
  candidate: { uri: string; instead?: string; suffix: string },
  tags: string[] | undefined,
): Promise<Outcome> {
  const hosts = await listAll(client, "hostList", { fields: "id,name,uri" });
  const present = (uri: string): Host | undefined => hosts.find((host) => host.uri.replace(/\/+$/, "") === uri.replace(/\/+$/, ""));
  let refusal: string | undefined;
  for (const uri of [candidate.uri, ...(candidate.instead ? [candidate.instead] : [])]) {
    const known = present(uri);
    if (known) return { uri, result: "present", name: known.name, detail: "" };
    try {
      const found = await client.call("hostTest", { body: { uri } });
      const name = freeName(`${found.hostname}${candidate.suffix}`, hosts);
      const host = await settled(context, await client.call("hostAdd", { body: { uri, name, ...(tags ? { tags } : {}) } }));
      return { uri, result: "added", name: host.name, detail: `${found.hypervisor}, ${found.vms} VMs` };
    } catch (error) {
      if (!isApiError(error) || error.problem.status === 401 || error.problem.status === 403) throw error;
      // The account's own daemon stands in for the machine's, be that forbidden or not there; what the first said is told.
      refusal ??= error.problem.detail;
    }
  }
  return { uri: candidate.uri, result: "absent", detail: refusal ?? "" };
}

function freeName(wanted: string, hosts: readonly Host[]): string {
  const taken = new Set(hosts.map((host) => host.name));
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`;
    if (!taken.has(name)) return name;
  }
}
