import type { Run } from "../command.ts";
import { usageFailure } from "../failure.ts";
import { escapeText } from "../output/escape.ts";
import { jsonText } from "../output/structured.ts";
import { version } from "../version.ts";
import { show } from "../show.ts";

/** `openapi`: JSON; `-o yaml` the same in YAML. */
export const openapi: Run = async (context) => {
  const document: unknown = await (await (await context.client()).raw("openapiGet")).json();
  if (context.output === "yaml") await show(context, document, () => []);
  else context.io.stdout.write(jsonText(document));
};

/** `completion bash|zsh`. */
export const completion: Run = async (context) => {
  const { bashScript, zshScript } = await import("../completion/scripts.ts");
  const shell = context.words[0];
  if (shell !== "bash" && shell !== "zsh") throw usageFailure(`There is completion for bash and zsh, not for ${shell}.`);
  context.io.stdout.write(shell === "bash" ? bashScript : zshScript);
};

/** `version`: of this program always, of the server where one answers. */
export const versions: Run = async (context) => {
  const server = await Promise.all([context.client(), context.server()])
    .then(async ([client, { url }]) => ({ ...(await client.call("infoGet")), url }))
    .catch((error: unknown) => error as Error);
  const reached = server instanceof Error ? undefined : server;
  await show(context, { client: version, node: process.version, ...(reached ? { server: reached } : {}) }, () => [
    `polyvisor ${version} (Node ${process.version})`,
    reached ? `server    ${escapeText(reached.version)} at ${escapeText(reached.url)}` : `server    ${escapeText((server as Error).message)}`,
  ]);
};
