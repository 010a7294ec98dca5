import type { CommandRow } from "../command.ts";

const which = { operands: "<vm...>", completes: ["selector"] } as const;
const lifecycle = (verb: string) => async () => (await import("../commands/lifecycle.ts")).lifecycle(verb);
const lists = async () => (await import("../commands/list.ts")).list;

/** The verbs of a VM's life, as xm, xl and virsh users know them. */
export const vmRows: readonly CommandRow[] = [
  {
    path: "list", aliases: ["ls"], ofVm: true, takes: ["output"], operands: "[selector...]", completes: ["selector"],
    summary: "list VMs",
    details: "Words select: names, name=web-*, tag=web, state=running,paused, host=h1, type=kvm, id=, os=, datastore=, network=. FIELD!=VALUE excludes. All terms must hold. A state with ? is as last seen: its host does not answer.",
    options: [["-w, --watch", "stay and show every change as it happens"], ["-l, --long", "more columns, as -o wide"], ["--sort <field>", "name, state, host, memory, vcpus; -name for descending", ["name", "state", "host", "memory", "vcpus"]], ["-a, --all", "VMs that are off too (they are always listed)"]],
    examples: ["list", "list tag=web state=running", "list --watch host=h1", "list state=off -o name"],
    load: lists,
  },
  {
    path: "info", aliases: ["dominfo", "nodeinfo"], ofVm: true, takes: ["output"], operands: "[vm-or-host]", completes: ["vmOrHost"],
    summary: "show every fact of a VM or a host with its unit; without a name, of the site",
    load: async () => (await import("../commands/info.ts")).info,
  },
  { path: "state", aliases: ["domstate"], ofVm: true, operands: "<vm>", completes: ["vm"], takes: ["output"], summary: "print a VM's state and its reason", load: async () => (await import("../commands/explain.ts")).state },
  { path: "explain", ofVm: true, operands: "<vm>", completes: ["vm"], takes: ["output"], summary: "say in plain words what a VM's state means, since when, why, and what can be done", load: async () => (await import("../commands/explain.ts")).explain },
  {
    path: "create", ofVm: true, operands: "<name-or-file>", completes: ["file"], takes: ["change", "output"], repeated: ["disk", "nic", "bootOrder"],
    summary: "create a VM from a template, from options or from a libvirt XML file, and start it",
    details: "DISK is size=10G, /path/to.qcow2 or DATASTORE/VOLUME, with bus=, format=, target=, datastore=, ro, cdrom. NIC is network=default or bridge=br0, with model= and mac=.",
    options: [
      ["-t, --template <name>", "template it is made of", "template"], ["-m, --memory <size>", "memory, in MiB without a unit (512M, 2G)"], ["--max-memory <size>", "what it may grow to while it runs"],
      ["--vcpus <n>", "virtual processors"], ["--max-vcpus <n>", "what it may grow to while it runs"], ["--disk <disk>", "a disk; may be repeated"], ["--nic <nic>", "a NIC, or none; may be repeated"],
      ["--host <host>", "where; chosen by the plan when left out", "host"], ["--kernel <path>", "kernel to boot directly, a path on the host"], ["--initramfs <path>", "its initial RAM disk"], ["--cmdline <text>", "its command line"],
      ["--boot-order <device>", "disk, cdrom or network; may be repeated", ["disk", "cdrom", "network"]], ["--firmware <kind>", "bios or efi", ["bios", "efi"]], ["--acceleration <kind>", "auto, hardware or emulated", ["auto", "hardware", "emulated"]],
      ["--machine <type>", "machine type of the hypervisor"], ["--arch <arch>", "processor architecture"], ["--graphics <kind>", "none or vnc", ["none", "vnc"]], ["--container-root <path>", "root file system of a container"], ["--init <path>", "first program of a container"],
      ["--title <text>", "a title"], ["--description <text>", "a description"], ["--autostart", "start it with its host"], ["--no-start", "do not start it"], ["-c, --console", "attach to its console at once"],
    ],
    examples: ["create hello --template micro -c", "create web1 --memory 2G --vcpus 2 --disk size=20G --nic network=default", "create web1.xml --host h1"],
    load: async () => (await import("../commands/create.ts")).create,
  },
  { path: "define", ofVm: true, operands: "<file>", completes: ["file"], takes: ["change", "output"], options: [["--host <host>", "on which host; needed when there are several", "host"]], summary: "define a VM from a libvirt XML file (- is standard input); do not start it", load: async () => (await import("../commands/create.ts")).define },
  { path: "start", ofVm: true, ...which, takes: ["change", "output"], options: [["--paused", "start with the processors stopped"], ["-c, --console", "attach to its console at once"]], summary: "start VMs; one that was saved goes on where it was", load: lifecycle("vm.start") },
  { path: "shutdown", ofVm: true, ...which, takes: ["change", "output"], options: [["--timeout <seconds>", "how long the guest may take (300)"]], summary: "ask the guests to power off", load: lifecycle("vm.shutdown") },
  { path: "reboot", ofVm: true, ...which, takes: ["change", "output"], summary: "ask the guests to reboot", load: lifecycle("vm.reboot") },
  { path: "reset", ofVm: true, ...which, takes: ["change", "output"], summary: "press the reset button: the guests lose what they had not written", load: lifecycle("vm.reset") },
  { path: "pause", aliases: ["suspend"], ofVm: true, ...which, takes: ["change", "output"], summary: "stop the processors; memory stays", load: lifecycle("vm.pause") },
  { path: "unpause", aliases: ["resume"], ofVm: true, ...which, takes: ["change", "output"], summary: "let the processors run again", load: lifecycle("vm.unpause") },
  { path: "wake", aliases: ["dompmwakeup"], ofVm: true, ...which, takes: ["change", "output"], summary: "wake guests that put themselves to sleep", load: lifecycle("vm.wake") },
  { path: "save", aliases: ["managedsave"], ofVm: true, ...which, takes: ["change", "output"], options: [["--file <path>", "where on the host; the hypervisor's own place when left out"]], summary: "save the memory on the host and power off; start goes on", load: lifecycle("vm.save") },
  { path: "restore", ofVm: true, ...which, takes: ["change", "output"], options: [["--file <path>", "file on the host that save wrote"]], summary: "go on from the saved memory", load: lifecycle("vm.restore") },
  { path: "destroy", ofVm: true, ...which, takes: ["change", "output"], summary: "cut the power; asks first", details: "The VM stays defined, and its disks are as at a power failure. delete removes a VM.", load: lifecycle("vm.destroy") },
  { path: "delete", aliases: ["undefine", "rm"], ofVm: true, ...which, takes: ["change", "output"], options: [["--disks", "delete the disks that no other VM uses, too"], ["--force", "cut the power first"]], summary: "delete VMs; asks first, and keeps the disks unless told", load: lifecycle("vm.delete") },
  { path: "autostart", ofVm: true, ...which, takes: ["change", "output"], options: [["--disable", "do not start it with its host"]], summary: "start VMs with their host", load: lifecycle("vm.setAutostart") },
  { path: "rename", aliases: ["domrename"], ofVm: true, operands: "<vm> <name>", completes: ["vm", "none"], takes: ["change", "output"], summary: "rename a VM", load: async () => (await import("../commands/moving.ts")).rename },
  { path: "clone", ofVm: true, operands: "<vm> <name>", completes: ["vm", "none"], takes: ["change", "output"], options: [["--start", "start the clone"]], summary: "clone a VM with its disks", load: async () => (await import("../commands/moving.ts")).clone },
  {
    path: "migrate", ofVm: true, operands: "<vm-and-host...>", completes: ["selector", "vmOrHost"], takes: ["change", "output"],
    options: [["--live", "without stopping it (refused when that is not possible)"], ["--offline", "only its definition, while it is off"], ["--copy-storage", "copy its disks along"]],
    summary: "move VMs to another host", details: "The last word is the host to move to.", examples: ["migrate web1 h2", "migrate tag=web host=h1 h2 --dry-run"],
    load: async () => (await import("../commands/moving.ts")).migrate,
  },
  {
    path: "console", ofVm: true, operands: "<vm>", completes: ["vm"],
    options: [["--alias <name>", "which of its consoles"], ["--force", "take it over from whoever holds it"], ["--idle <seconds>", "where the input is a pipe: end when it has ended and nothing was shown for so long (2; 0 is never)"], ["-g, --graphical", "open a local port for a VNC viewer"], ["--listen <port>", "that port; a free one from 5900 on when left out"]],
    summary: "attach to a VM's console; ^] ends it", load: async () => (await import("../commands/console.ts")).console,
  },
  { path: "vncviewer", aliases: ["vnc"], ofVm: true, operands: "<vm>", completes: ["vm"], options: [["--listen <port>", "local port; a free one from 5900 on when left out"], ["--force", "take it over from whoever holds it"]], summary: "open a local port that a VNC viewer can use", load: async () => (await import("../commands/graphical.ts")).graphical },
  { path: "screenshot", ofVm: true, operands: "<vm> <file>", completes: ["vm", "file"], summary: "write a picture of a VM's screen to a file (- is standard output)", load: async () => (await import("../commands/screen.ts")).screenshot },
  { path: "send-keys", aliases: ["send-key"], ofVm: true, operands: "<vm> <key...>", completes: ["vm", "none"], takes: ["change", "output"], options: [["--hold <ms>", "how long they are held (50)"]], summary: "press keys together in a guest", examples: ["send-keys web1 ctrl+alt+delete"], load: async () => (await import("../commands/screen.ts")).sendKeys },
  { path: "top", ofVm: true, takes: ["output"], operands: "[selector...]", completes: ["selector"], options: [["--once", "print it once and end"], ["--sort <by>", "cpu, memory, disk or network", ["cpu", "memory", "disk", "network"]], ["-n, --limit <n>", "how many VMs"], ["-d, --delay <seconds>", "between two looks (2)"]], summary: "show the live load of VMs and hosts", details: "100 % of CPU is one processor. Keys: c, m, d and n sort, q ends. On a pipe, and with --once, it prints once; with -o json, a line for each look.", load: async () => (await import("../commands/top.ts")).top },
  { path: "dump", aliases: ["dumpxml", "definition"], ofVm: true, operands: "<vm>", completes: ["vm"], options: [["--next-start", "as it will be at its next start (virsh --inactive)"], ["--inactive", "the same"]], summary: "print the hypervisor's own description of a VM", load: async () => (await import("../commands/definition.ts")).dump },
  { path: "tag", ofVm: true, operands: "<vm-and-tags...>", completes: ["selector"], dashOperands: true, summary: "add and remove tags: tag VM... +web -db", load: async () => (await import("../commands/tags.ts")).tag },
  { path: "note", ofVm: true, operands: "<vm> [text]", completes: ["vm", "none"], summary: "show or write the notes on a VM (- reads them from standard input)", load: async () => (await import("../commands/tags.ts")).note },
];
