import type { CommandRow } from "../command.ts";

const host = (name: "add" | "list" | "info" | "remove" | "test" | "reconnect" | "enable" | "disable" | "rename") => async () => (await import("../commands/host.ts"))[name];
const store = (name: "list" | "info" | "create" | "start" | "stop" | "remove" | "refresh") => async () => (await import("../commands/datastore.ts"))[name];
const volume = (name: "list" | "create" | "resize" | "remove" | "upload" | "download") => async () => (await import("../commands/volume.ts"))[name];
const network = (name: "list" | "info" | "start" | "stop") => async () => (await import("../commands/network.ts"))[name];
const task = (name: "list" | "show" | "cancel" | "wait") => async () => (await import("../commands/task.ts"))[name];
const one = (kind: "host" | "datastore" | "network" | "task", operand: string = kind) => ({ operands: `<${operand}>`, completes: [kind] }) as const;

/** Hosts, datastores, volumes, networks, templates, tasks and events. */
export const siteRows: readonly CommandRow[] = [
  {
    path: "host add", operands: "[uri]", completes: ["none"], takes: ["output"],
    options: [["--name <name>", "what to call it; its own name when left out"], ["--local", "every hypervisor of the server's own machine that answers"], ["--tag <tag>", "a tag; may be repeated"], ["--username <name>", "user for SASL; the pass phrase is asked for, or read from standard input"], ["--no-wait", "do not wait until it is connected"]], repeated: ["tag"],
    summary: "add a host by its URI, or all of this machine", examples: ["host add qemu+ssh://root@h2/system --name h2", "host add --local"], load: host("add"),
  },
  { path: "host list", aliases: ["host ls", "hosts"], takes: ["output"], operands: "[selector...]", completes: ["none"], summary: "list hosts", load: host("list") },
  { path: "host info", ...one("host"), takes: ["output"], summary: "show every fact of a host, and what it can do", load: host("info") },
  { path: "host remove", aliases: ["host rm"], ...one("host"), options: [["-y, --yes", "do not ask"]], summary: "forget a host; nothing on it is touched; asks first", load: host("remove") },
  { path: "host test", operands: "<uri>", completes: ["none"], takes: ["output"], options: [["--username <name>", "user for SASL"]], summary: "connect to a URI and say what is there; add nothing", load: host("test") },
  { path: "host reconnect", ...one("host"), summary: "try to connect to a host now", load: host("reconnect") },
  { path: "host enable", ...one("host"), summary: "connect to a host again", load: host("enable") },
  { path: "host disable", ...one("host"), summary: "stop connecting to a host", load: host("disable") },
  { path: "host rename", operands: "<host> <name>", completes: ["host", "none"], summary: "call a host otherwise", load: host("rename") },
  { path: "datastore list", aliases: ["datastore ls", "pool-list"], takes: ["output"], operands: "[selector...]", completes: ["none"], summary: "list datastores with what is free", load: store("list") },
  { path: "datastore info", aliases: ["pool-info"], ...one("datastore"), takes: ["output"], summary: "show a datastore and its volumes", load: store("info") },
  { path: "datastore create", operands: "<name> <path>", completes: ["none", "file"], takes: ["change", "output"], options: [["--host <host>", "on which host; needed when there are several", "host"]], summary: "make a folder of a host a datastore", load: store("create") },
  { path: "datastore start", aliases: ["pool-start"], ...one("datastore"), takes: ["change", "output"], summary: "start a datastore", load: store("start") },
  { path: "datastore stop", aliases: ["pool-destroy"], ...one("datastore"), takes: ["change", "output"], summary: "stop a datastore; its data stays; asks first", load: store("stop") },
  { path: "datastore delete", aliases: ["datastore rm", "pool-undefine"], ...one("datastore"), takes: ["change", "output"], summary: "delete a datastore's definition; its data stays; asks first", load: store("remove") },
  { path: "datastore refresh", aliases: ["pool-refresh"], ...one("datastore"), takes: ["change", "output"], summary: "read a datastore anew", load: store("refresh") },
  { path: "volume list", aliases: ["volume ls", "vol-list"], operands: "[datastore]", completes: ["datastore"], takes: ["output"], summary: "list the volumes of one or of all datastores", load: volume("list") },
  { path: "volume create", aliases: ["vol-create-as"], operands: "<datastore> <name> <size>", completes: ["datastore", "none"], takes: ["change", "output"], options: [["--format <format>", "qcow2, raw, …", ["qcow2", "raw"]], ["--from <volume>", "copy this volume of the same datastore"]], summary: "create a volume", load: volume("create") },
  { path: "volume resize", aliases: ["vol-resize"], operands: "<datastore> <name> <size>", completes: ["datastore", "none"], takes: ["change", "output"], summary: "change a volume's capacity", load: volume("resize") },
  { path: "volume delete", aliases: ["volume rm", "vol-delete"], operands: "<datastore> <name>", completes: ["datastore", "none"], takes: ["change", "output"], summary: "delete a volume and its data; asks first", load: volume("remove") },
  { path: "volume upload", aliases: ["vol-upload"], operands: "<datastore> <name> <file>", completes: ["datastore", "none", "file"], options: [["--create", "make the volume first, as large as the file"], ["--format <format>", "format of the volume made (raw)"]], summary: "fill a volume from a file", load: volume("upload") },
  { path: "volume download", aliases: ["vol-download"], operands: "<datastore> <name> <file>", completes: ["datastore", "none", "file"], options: [["-f, --force", "write over a file that is there"]], summary: "write a volume's content to a file (- is standard output)", load: volume("download") },
  { path: "network list", aliases: ["network ls", "net-list"], takes: ["output"], operands: "[selector...]", completes: ["none"], summary: "list virtual networks", load: network("list") },
  { path: "network info", aliases: ["net-info"], ...one("network"), takes: ["output"], summary: "show a network", load: network("info") },
  { path: "network start", aliases: ["net-start"], ...one("network"), takes: ["change", "output"], summary: "start a network", load: network("start") },
  { path: "network stop", aliases: ["net-destroy"], ...one("network"), takes: ["change", "output"], summary: "stop a network; VMs on it lose their link; asks first", load: network("stop") },
  { path: "template list", aliases: ["template ls"], takes: ["output"], summary: "list templates", load: async () => (await import("../commands/template.ts")).list },
  { path: "template build", operands: "<template>", completes: ["template"], takes: ["change", "output"], summary: "build a template on the server's machine", load: async () => (await import("../commands/template.ts")).build },
  { path: "task list", aliases: ["task ls", "tasks"], takes: ["output"], options: [["--state <state>", "only those", ["queued", "running", "succeeded", "failed", "partial", "cancelled"]], ["-n, --limit <n>", "how many (50)"]], summary: "list tasks, latest first", load: task("list") },
  { path: "task show", aliases: ["task info"], ...one("task"), takes: ["output"], summary: "show a task with its plan and what came of each step", load: task("show") },
  { path: "task wait", ...one("task"), takes: ["output"], summary: "wait for a task; the exit code is its outcome", load: task("wait") },
  { path: "task cancel", ...one("task"), takes: ["output"], options: [["--no-wait", "do not wait until it has stopped"]], summary: "ask a task to stop; it stops in a known state", load: task("cancel") },
  { path: "events", aliases: ["event"], takes: ["output"], operands: "[kind...]", completes: ["none"], options: [["--since <id>", "first those after this event"], ["-n, --limit <n>", "end after so many"]], summary: "show changes as they happen; -o json prints a line of JSON for each", details: "Kinds: host, vm, datastore, network, task; all when left out.", load: async () => (await import("../commands/events.ts")).events },
];
