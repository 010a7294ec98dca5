import { text } from "node:stream/consumers";
import type { Client } from "@polyvisor/api/client";
import type { Vm } from "@polyvisor/model";
import type { Run } from "../command.ts";
import { exitCodes, exitCodeOf } from "../exitCode.ts";
import { CliFailure, describeFailure, isApiError, usageFailure } from "../failure.ts";
import { listAll } from "../listing.ts";
import { escapeLines, escapeText } from "../output/escape.ts";
import { targetsOf } from "../targets.ts";

/** Words of `tag` apart: VMs, tags to add, tags to take away. */
export function tagWords(words: readonly string[]): { vms: string[]; add: string[]; remove: string[] } {
  const out = { vms: [] as string[], add: [] as string[], remove: [] as string[] };
  for (const word of words) {
    if (word === "--") continue;
    if (/^[+-]./.test(word)) (word.startsWith("+") ? out.add : out.remove).push(word.slice(1));
    else out.vms.push(word);
  }
  if (out.add.length + out.remove.length === 0) throw usageFailure("No tag is named.", "For example: polyvisor tag web1 +web -old");
  return out;
}

/** Changes a VM by what it is now; where another changed it meanwhile, it is read again. */
async function edit(client: Client, id: string, patch: (vm: Vm) => { tags?: string[]; notes?: string } | undefined): Promise<Vm> {
  for (let attempt = 0; ; attempt++) {
    const answer = await client.raw("vmGet", { params: { id } });
    const vm = (await answer.json()) as Vm;
    const body = patch(vm);
    if (!body) return vm;
    const etag = answer.headers.get("etag");
    try {
      return await client.call("vmChange", { params: { id: vm.id }, body, ...(etag ? { ifMatch: etag } : {}) });
    } catch (error) {
      if (attempt === 9 || !isApiError(error) || error.problem.code !== "changedMeanwhile") throw error;
    }
  }
}

/** `tag VM... +web -db`: a result for each VM. */
export const tag: Run = async (context) => {
  const { vms, add, remove } = tagWords(context.words);
  const client = await context.client();
  const targets = targetsOf(vms);
  const refs = targets.vms ?? (await listAll(client, "vmList", { filter: targets.select, fields: "id,name" })).map((vm) => vm.id);
  if (refs.length === 0) context.note("No VM fits.");
  const failures: number[] = [];
  for (const ref of refs) {
    try {
      const vm = await edit(client, ref, ({ tags }) => {
        const next = [...new Set([...tags.filter((each) => !remove.includes(each)), ...add])];
        return next.length === tags.length && next.every((each, i) => each === tags[i]) ? undefined : { tags: next };
      });
      context.say(`${escapeText(vm.name)}: ${vm.tags.length > 0 ? escapeText(vm.tags.join(" ")) : "no tags"}`);
    } catch (error) {
      if (!isApiError(error)) throw error;
      failures.push(exitCodeOf(error.problem.code));
      for (const line of describeFailure(error).lines) context.note(`${escapeText(ref)}: ${line}`);
    }
  }
  return failures.length === 0 ? exitCodes.ok : refs.length === 1 ? failures[0]! : exitCodes.failed;
};

/** `note VM [TEXT]`. */
export const note: Run = async (context) => {
  const [vm, given] = context.words as [string, string | undefined];
  const client = await context.client();
  if (given === undefined) {
    const { notes } = await client.call("vmGet", { params: { id: vm } });
    if (notes) context.say(context.io.stdout.isTTY ? escapeLines(notes) : notes);
    return;
  }
  const notes = given === "-" ? (await text(context.io.stdin)).trimEnd() : given;
  // Another's note is not written over by one who has not read it; what else changed meanwhile is no matter.
  const before = await client.call("vmGet", { params: { id: vm } });
  await edit(client, before.id, (now) => {
    if (now.notes === before.notes || context.options["force"] === true) return { notes };
    throw new CliFailure(
      exitCodeOf("changedMeanwhile"),
      `${now.name} has another note by now: ${now.notes}`,
      "Look at it, and repeat the command, or use --force.",
    );
  });
};
