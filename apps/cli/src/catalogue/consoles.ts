import type { CommandRow } from "../command.ts";

/** What is seen of a guest and typed into it. */
export const consoleRows: readonly CommandRow[] = [
  {
    path: "console",
    ofVm: true,
    operands: "<vm>",
    completes: ["vm"],
    options: [
      ["--alias <name>", "which of its consoles"],
      ["--force", "take it over from whoever holds it"],
      ["--idle <seconds>", "where the input is a pipe: end when it has ended and nothing was shown for so long (2; 0 is never)"],
      ["-g, --graphical", "open a local port for a VNC viewer"],
      ["--listen <port>", "that port; a free one from 5900 on when left out"],
    ],
    summary: "attach to a VM's console; ^] ends it",
    load: async () => (await import("../commands/console.ts")).console,
  },
  {
    path: "vncviewer",
    aliases: ["vnc"],
    ofVm: true,
    operands: "<vm>",
    completes: ["vm"],
    options: [
      ["--listen <port>", "local port; a free one from 5900 on when left out"],
      ["--force", "take it over from whoever holds it"],
    ],
    summary: "open a local port that a VNC viewer can use",
    load: async () => (await import("../commands/graphical.ts")).graphical,
  },
  {
    path: "screenshot",
    ofVm: true,
    operands: "<vm> <file>",
    completes: ["vm", "file"],
    summary: "write a picture of a VM's screen to a file (- is standard output)",
    load: async () => (await import("../commands/screen.ts")).screenshot,
  },
  {
    path: "send-keys",
    aliases: ["send-key"],
    ofVm: true,
    operands: "<vm> <key...>",
    completes: ["vm", "none"],
    takes: ["change", "output"],
    options: [["--hold <ms>", "how long they are held (50)"]],
    summary: "press keys together in a guest",
    examples: ["send-keys web1 ctrl+alt+delete"],
    load: async () => (await import("../commands/screen.ts")).sendKeys,
  },
];
