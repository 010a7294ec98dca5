import type { Run } from "../command.ts";
import { escapeLines } from "../output/escape.ts";

/** `dump` (virsh dumpxml): the hypervisor's own text; on a terminal without control characters. */
export const dump: Run = async (context) => {
  const client = await context.client();
  const which = context.options["nextStart"] || context.options["inactive"] ? "nextStart" : "live";
  const answer = await client.raw("vmDefinition", { params: { id: context.words[0]! }, query: { which } });
  const text = await answer.text();
  context.io.stdout.write(context.io.stdout.isTTY ? escapeLines(text) : text);
  if (!text.endsWith("\n")) context.io.stdout.write("\n");
};
