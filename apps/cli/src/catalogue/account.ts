import type { CommandRow } from "../command.ts";

const account = (name: "login" | "logout" | "signInCode" | "passPhrase") => async () => (await import("../commands/account.ts"))[name];
const token = (name: "list" | "create" | "revoke") => async () => (await import("../commands/token.ts"))[name];

/** Signing in, tokens, and what is about the program itself. */
export const accountRows: readonly CommandRow[] = [
  {
    path: "login",
    options: [
      ["--url <url>", "the server; the one found otherwise when left out"],
      ["--code <code>", "a one-time code, as up and sign-in code give it"],
      ["--token <token>", "an API token; - reads it from standard input"],
      ["--name <name>", "account; its pass phrase is asked for, or read from standard input"],
      ["--provider <name>", "identity provider: with --name a directory; alone one that signs in in a browser"],
      ["--no-browser", "with --provider: open no browser, and ask for the code that it shows in the end"],
      ["--fingerprint <sha256>", "trust the server's certificate if it is this one; asked for on a terminal"],
    ],
    summary: "sign in to a server and keep it for this user",
    details:
      "Where there is no terminal the pass phrase is the first line of standard input, and the code of an authenticator, where one is asked for, the second.",
    load: account("login"),
  },
  { path: "logout", summary: "revoke the token that login made and forget it", load: account("logout") },
  { path: "sign-in code", takes: ["output"], summary: "make a one-time code to sign in with", load: account("signInCode") },
  {
    path: "pass-phrase",
    summary: "set your pass phrase: 8 to 1,024 characters of any kind",
    details: "Asked for on a terminal; otherwise the new one is the first line of standard input and the present one, where there is one, the second.",
    load: account("passPhrase"),
  },
  { path: "token list", aliases: ["token ls"], takes: ["output"], summary: "list your API tokens", load: token("list") },
  {
    path: "token create",
    operands: "<name>",
    completes: ["none"],
    takes: ["output"],
    options: [
      ["--days <n>", "end after so many days; never when left out"],
      ["--may <what>", "read, operate or admin, or permissions with commas between; whatever you may when left out"],
      ["--filter <filter>", "with --may: on the objects that fit only"],
    ],
    summary: "make an API token; it is shown once",
    load: token("create"),
  },
  {
    path: "token revoke",
    aliases: ["token rm"],
    operands: "<token>",
    completes: ["none"],
    summary: "revoke an API token by its id or name",
    load: token("revoke"),
  },
  {
    path: "openapi",
    takes: ["output"],
    summary: "print the API's description (OpenAPI 3.1)",
    load: async () => (await import("../commands/about.ts")).openapi,
  },
  {
    path: "completion",
    operands: "<shell>",
    completes: ["none"],
    summary: "print the completion script for bash or zsh",
    examples: ["completion bash > /etc/bash_completion.d/polyvisor", 'completion zsh > "${fpath[1]}/_polyvisor"'],
    load: async () => (await import("../commands/about.ts")).completion,
  },
  {
    path: "version",
    takes: ["output"],
    summary: "print the version of this program and of the server",
    load: async () => (await import("../commands/about.ts")).versions,
  },
];
