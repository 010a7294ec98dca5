import { catalogue } from "./catalogue/index.ts";
import { optionsOf } from "./program.ts";
import { sharedOptions, type CommandRow } from "./command.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");
const shared = new Set(Object.values(sharedOptions).flatMap((options) => options.map(([flags]) => flags as string)));

function section(row: CommandRow): string[] {
  const own = optionsOf(row).filter(([flags]) => !shared.has(flags));
  const takes = [...(row.takes ?? [])].map((each) => (each === "change" ? "[changes](#options-of-every-change)" : "[output](#output)"));
  return [
    `### ${row.path}`,
    "",
    `\`polyvisor ${row.path}${row.operands ? ` ${row.operands}` : ""}\`: ${row.summary}.`,
    "",
    ...(row.details ? [row.details, ""] : []),
    ...(row.aliases || row.ofVm
      ? [`Also: ${[...(row.aliases ?? []), ...(row.ofVm ? [`vm ${row.path}`] : [])].map((alias) => `\`${alias}\``).join(", ")}.`, ""]
      : []),
    ...(own.length > 0 ? ["| option | meaning |", "|---|---|", ...own.map(([flags, meaning]) => `| \`${cell(flags)}\` | ${cell(meaning)} |`), ""] : []),
    ...(takes.length > 0 ? [`Takes the options for ${takes.join(" and ")}.`, ""] : []),
    ...(row.examples ? ["```sh", ...row.examples.map((each) => `polyvisor ${each}`), "```", ""] : []),
  ];
}

const opening = `# The command line

Made from the command catalogue by \`node apps/cli/src/guide.ts\`; do not edit it here.

\`./polyvisor\` (or \`polyvisor\`, where it is installed) speaks to a Polyvisor server. The verbs are those that users of
\`xm\`, \`xl\` and \`virsh\` know; each verb on VMs can also be said with its noun: \`polyvisor vm start web1\`.
\`up\`, \`down\`, \`status\`, \`test\`, \`check\`, \`package\`, \`backup-store\` and \`restore-store\` belong to the launcher: see
\`./polyvisor up --help\` and [operation](operation.md).

## Which server

1. \`POLYVISOR_URL\` with \`POLYVISOR_TOKEN\`
2. the data folder that \`POLYVISOR_DATA\` names
3. the server that \`polyvisor login\` signed in to (\`\${XDG_CONFIG_HOME:-~/.config}/polyvisor/config.json\`, for your eyes only)
4. the server of this machine: \`/var/lib/polyvisor\` for root, \`\${XDG_DATA_HOME:-~/.local/share}/polyvisor\` for others

A token is only ever sent to the server it was stored for.

| variable | meaning |
|---|---|
| \`POLYVISOR_URL\`, \`POLYVISOR_TOKEN\` | another server, and an API token for it |
| \`POLYVISOR_DATA\` | data folder of a server on this machine |
| \`NO_COLOR\`, \`FORCE_COLOR\` | no colours; colours even where there is no terminal |
| \`NODE_EXTRA_CA_CERTS\` | file of an authority to trust for https |
| \`XDG_CONFIG_HOME\`, \`XDG_DATA_HOME\`, \`XDG_CACHE_HOME\` | where the sign-in, the data and compiled code are kept |
| \`POLYVISOR_DEBUG\` | with a failure of the program itself, its stack |

## Which VMs

A VM is named by its name, by \`HOST/NAME\`, by its id or by the hypervisor's own id (libvirt's UUID). Commands that take
several VMs take any number of names, or a selector: words \`FIELD=VALUE\` that must all hold, or an expression of the
filter language in quotes. Every field and the whole language is in [filter.md](filter.md).

\`a,b\` are alternatives, \`*\` stands for any text, \`!=\` excludes. Names beside a term are alternatives of the name.
Quote \`*\`, \`<\`, \`>\` and brackets from the shell. Every VM is \`name=*\`.

\`\`\`sh
polyvisor list tag=web state!=off
polyvisor shutdown 'web-*' host=h1 --yes
polyvisor list 'host.pool = a and state != running and cpu.use > 80%'
polyvisor migrate 'host = h1 and memory < 4GiB' h2 --dry-run
\`\`\`

## Output

| option | meaning |
|---|---|
| \`-o table\` | for people: fits the terminal, colours on a terminal only |
| \`-o wide\` | the table with more columns |
| \`-o json\`, \`-o yaml\` | the API's own documents; lists are arrays |
| \`-o name\` | names only, one on a line |

Results go to standard output; progress, questions and failures to standard error. Control characters and marks that
change the direction of text are always shown as their codes (\`\\x1b\`, \`\\u202e\`); in JSON and YAML they are escapes.

## Options of every change

| option | meaning |
|---|---|
${sharedOptions.change.map(([flags, meaning]) => `| \`${flags}\` | ${meaning} |`).join("\n")}

A change is a plan that is carried out as a task on the server. The command waits for it and tells what came of each VM.
Ctrl-C stops the waiting, not the task: \`polyvisor task wait ID\` waits again, \`polyvisor task cancel ID\` stops it.
What loses data asks first (\`destroy\`, \`delete\`, \`snapshot revert\`, \`snapshot delete\`, \`volume delete\`, \`datastore stop\`
and \`delete\`, \`network stop\`, \`host remove\`), and so do \`shutdown\`, \`reboot\`, \`reset\`, \`pause\`, \`save\` and \`migrate\` of more
than one VM. Where there is no terminal to ask on, they need \`--yes\`.

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | something failed: at a hypervisor, in the server, or for some of several VMs |
| 2 | the command line, or a value in it, is not understood; or a question needs \`--yes\` |
| 3 | no such object, or the name fits several |
| 4 | not signed in, or not allowed |
| 5 | no server answers, or it is starting or stopping |
| 6 | refused before anything was done: by the state, a missing feature, a pre-check, a conflict, no room |
| 130 | ended by Ctrl-C, or answered with no |
| 141 | the reader of the output went away |

\`list --watch\`, \`events\` and \`top\` end with 0 by Ctrl-C: that is how they end.
A change of one object ends with the code of its failure; of several, with 1 when some of them failed.

## Consoles

\`polyvisor console VM\` attaches the terminal; \`^]\` ends it and the terminal is as before. Where the connection to the
server is lost, it is made again for half a minute. The input may be a pipe: \`^]\` in it ends the console at once; after
its end the console is left when nothing was shown for 2 seconds (\`--idle\` sets that; 0 is never).
\`polyvisor vncviewer VM\` opens a port on this machine's loopback for any VNC viewer.

## Completion

\`\`\`sh
source <(polyvisor completion bash)        # in ~/.bashrc
source <(polyvisor completion zsh)         # in ~/.zshrc, after compinit
\`\`\`

## Commands
`;

/** The command line's reference as Markdown. */
export const guide = (): string => `${opening}\n${catalogue.flatMap(section).join("\n").trimEnd()}\n`;

if (import.meta.main) {
  const { writeFileSync } = await import("node:fs");
  writeFileSync(new URL("../../../docs/guide/cli.md", import.meta.url), guide());
}
