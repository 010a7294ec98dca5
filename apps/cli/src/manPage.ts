import { catalogue } from "./catalogue/index.ts";
import { optionsOf } from "./program.ts";
import { sharedOptions, type CommandRow } from "./command.ts";

/** Text as troff shows it: its own characters, and no line that it takes for a request. */
export const roff = (text: string): string =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("`", "")
    .replaceAll("…", "...")
    .replace(/^([.'])/gm, "\\&$1");

const shared = new Set(Object.values(sharedOptions).flatMap((options) => options.map(([flags]) => flags as string)));
const option = ([flags, meaning]: readonly [string, string, ...unknown[]]): string[] => [".TP", `.B ${roff(flags)}`, roff(meaning)];

function section(row: CommandRow): string[] {
  const own = optionsOf(row).filter(([flags]) => !shared.has(flags));
  return [
    `.SS polyvisor ${roff(row.path)}${row.operands ? ` ${roff(row.operands)}` : ""}`,
    `${roff(row.summary[0]!.toUpperCase() + row.summary.slice(1))}.`,
    ...(row.details ? [".PP", roff(row.details)] : []),
    ...(row.aliases ? [".PP", `Also: ${roff(row.aliases.join(", "))}.`] : []),
    ...own.flatMap(option),
    ...(row.examples ? [".PP", ".nf", ...row.examples.map((each) => roff(`polyvisor ${each}`)), ".fi"] : []),
  ];
}

/** polyvisor(1), made of the command catalogue. */
export const manPage = (version: string): string =>
  `${[
    `.TH POLYVISOR 1 "" "Polyvisor ${roff(version)}" "User commands"`,
    ".SH NAME",
    "polyvisor \\- one console for every hypervisor: the verbs of xl and virsh over all hosts",
    ".SH SYNOPSIS",
    ".B polyvisor",
    "\\fIcommand\\fR [\\fIoperand\\fR...] [\\fIoption\\fR...]",
    ".SH DESCRIPTION",
    "Speaks to a Polyvisor server: the one that POLYVISOR_URL and POLYVISOR_TOKEN name; the one whose data folder",
    "POLYVISOR_DATA names; the one that",
    ".B polyvisor login",
    "signed in to; or the server of this machine, whose token root and the server's own account may read.",
    ".PP",
    "A VM is named by its name, by HOST/NAME, by its id or by the hypervisor's own id. Commands that take several VMs take",
    "names or a selector: words FIELD=VALUE that must all hold, such as tag=web state=running.",
    ".SH OPTIONS OF MANY COMMANDS",
    ...sharedOptions.output.flatMap((each) => option(each as unknown as readonly [string, string])),
    ...sharedOptions.change.flatMap((each) => option(each)),
    ".SH COMMANDS",
    ...catalogue.flatMap(section),
    ".SS polyvisor backup\\-store FILE, polyvisor restore\\-store FILE",
    "Write the server's store to a file, and bring it back from one. They work on the server's own machine, as root or as the",
    "server's account; see",
    '.BR "polyvisor backup\\-store \\-\\-help" .',
    ".SH EXIT STATUS",
    "0 done; 1 failed; 2 usage; 3 not found, or ambiguous; 4 not signed in, or not allowed; 5 no server; 6 refused before",
    "anything was done; 130 interrupted.",
    ".SH FILES",
    ".TP",
    ".I ~/.config/polyvisor/config.json",
    "The sign\\-in, for its owner only.",
    ".TP",
    ".I ~/.config/polyvisor/known\\-servers.json",
    "Certificates of servers that were trusted when they were first seen.",
    ".SH SEE ALSO",
    ".BR polyvisor\\-server (8),",
    ".BR polyvisor.conf (5),",
    ".BR virsh (1)",
  ].join("\n")}\n`;

if (import.meta.main) {
  const { version } = await import("./version.ts");
  process.stdout.write(manPage(process.argv[2] ?? version));
}
