import { catalogue } from "../catalogue/index.ts";
import { sharedOptions, type CommandRow, type Completes } from "../command.ts";

type Env = Readonly<Record<string, string | undefined>>;
/** Milliseconds after which a name is no longer worth waiting for. */
const patienceMs = 1500;
const most = 500;

interface Candidate {
  word: string;
  meaning?: string;
}

/** Answers a shell: words that may stand where the last of `argv` is being written. Never fails and never asks anything. */
export async function complete(argv: readonly string[], env: Env, write: (line: string) => void): Promise<number> {
  const words = argv[0] === "--" ? argv.slice(1) : argv;
  const typed = words.at(-1) ?? "";
  try {
    for (const { word, meaning } of await candidates(words.slice(0, -1), typed, env)) write(meaning ? `${word}\t${meaning}` : word);
  } catch {
    // no server, no rights: nothing to offer
  }
  return 0;
}

const pathsOf = (row: CommandRow): string[] => [row.path, ...(row.ofVm ? [`vm ${row.path}`] : [])];
const allPaths = (row: CommandRow): string[] => [
  ...pathsOf(row),
  ...(row.aliases ?? []),
  ...(row.ofVm ? (row.aliases ?? []).map((alias) => `vm ${alias}`) : []),
];
const optionRows = (row: CommandRow): NonNullable<CommandRow["options"]> => [
  ...(row.options ?? []),
  ...(row.takes ?? []).flatMap((each) => sharedOptions[each] as NonNullable<CommandRow["options"]>),
];

/** The command that the words before the cursor name, with how many of them are its name. */
function rowOf(before: readonly string[]): { row: CommandRow; used: number } | undefined {
  for (const used of [2, 1]) {
    const path = before.slice(0, used).join(" ");
    if (before.length < used) continue;
    const row = catalogue.find((each) => allPaths(each).includes(path));
    if (row) return { row, used };
  }
  return undefined;
}

async function candidates(before: readonly string[], typed: string, env: Env): Promise<Candidate[]> {
  const found = rowOf(before);
  if (!found) return commandWords(before, typed);
  const { row, used } = found;
  const rest = before.slice(used);
  const taking = optionTaking(row, rest.at(-1));
  if (taking === "selector") return expressionWords([], typed, "vm", env);
  if (taking) return Array.isArray(taking) ? startingWith(taking, typed) : values(taking as Completes, typed, env);
  if (typed.startsWith("-") && !row.dashOperands)
    return optionRows(row)
      .flatMap(([flags, meaning]) => flags.match(/--[a-z-]+/g)?.map((word) => ({ word, meaning })) ?? [])
      .filter(({ word }) => word.startsWith(typed));
  if (row.path === "completion") return startingWith(["bash", "zsh"], typed);
  if (row.path === "events") return startingWith(["host", "vm", "datastore", "network", "task"], typed);
  const given = rest.filter((word, i) => !word.startsWith("-") && !optionTaking(row, rest[i - 1]));
  const operands = given.length;
  const filtered = filterKindOf(row);
  if (filtered && isExpression([...given, typed])) return expressionWords(given, typed, filtered, env);
  const kinds = row.completes ?? [];
  // `migrate VM... HOST`: from the second word on it may be either.
  const kind = kinds[Math.min(operands, kinds.length - 1)];
  return kind === undefined || kind === "none" ? [] : values(kind, typed, env);
}

/** What the operands of a command select, if they do. */
const filterKindOf = (row: CommandRow): "vm" | "host" | "datastore" | "network" | undefined =>
  row.completes?.includes("selector") ? "vm" : (["host", "datastore", "network"] as const).find((kind) => row.path === `${kind} list`);

/** Whether the words are more of a filter than the one-word terms that need no server to be completed. */
function isExpression(words: readonly string[]): boolean {
  const text = words.join(" ");
  return /^["']|[\s(]\S*(!?[=~]|[<>])|[<>~]|^[A-Za-z]\w*\.|(^|\s)(and|or|not|in|is)\s/.test(text) && /[\s=<>~.("']/.test(text);
}

/** What may stand at the end of an expression, which the server knows: fields, operators, and values of the estate. */
async function expressionWords(before: readonly string[], typed: string, kind: "vm" | "host" | "datastore" | "network", env: Env): Promise<Candidate[]> {
  const { connect, locateServer } = await server();
  // The shell's own quote at the beginning is not the filter's.
  const words = [...before, typed];
  const text = words.map((word, i) => (i === 0 || i === words.length - 1 ? word.replace(/^["'](?=[^"']*$)/, "") : word)).join(" ");
  const {
    to,
    from,
    candidates: found,
  } = await connect(locateServer(env)).call("filterComplete", {
    query: { text, kind, limit: 100 },
    signal: AbortSignal.timeout(patienceMs),
  });
  const kept = typed.slice(0, Math.max(0, typed.length - (to - from)));
  return found
    .filter(({ text: word, type }) => type !== "value" || /^[\p{L}\p{N}._@:+/-]+$/u.test(word))
    .map(({ text: word, means }) => ({ word: kept + word, ...(means ? { meaning: means.replace(/[\p{Cc}\p{Cf}]/gu, " ") } : {}) }));
}

async function server() {
  const [{ locateServer }, { connect }] = await Promise.all([import("../connection/locate.ts"), import("../connection/connect.ts")]);
  return { locateServer, connect };
}

function commandWords(before: readonly string[], typed: string): Candidate[] {
  if (before.length > 1) return [];
  const depth = before.length;
  const offered = new Map<string, string>();
  for (const row of catalogue) {
    for (const path of pathsOf(row)) {
      const words = path.split(" ");
      if (depth === 1 && (words.length < 2 || words[0] !== before[0])) continue;
      const word = words[depth]!;
      if (word.startsWith(typed) && !offered.has(word)) offered.set(word, words.length > depth + 1 ? `${word} …` : row.summary);
    }
  }
  return [...offered].map(([word, meaning]) => ({ word, meaning }));
}

const startingWith = (words: readonly string[], typed: string): Candidate[] => words.filter((word) => word.startsWith(typed)).map((word) => ({ word }));

/** What the option `word` takes as its value, or undefined when it takes none. */
function optionTaking(row: CommandRow, word: string | undefined): Completes | readonly string[] | undefined {
  if (!word?.startsWith("-")) return undefined;
  for (const [flags, , completes] of optionRows(row)) {
    if (/[<[]/.test(flags) && flags.split(/[ ,]+/).includes(word)) return completes ?? "none";
  }
  return undefined;
}

async function values(kind: Completes, typed: string, env: Env): Promise<Candidate[]> {
  if (kind === "none") return [];
  if (kind === "file") return [{ word: ":files" }];
  const { connect, locateServer } = await server();
  const client = connect(locateServer(env));
  const signal = AbortSignal.timeout(patienceMs);
  const names = async (route: "vmList" | "hostList" | "datastoreList" | "networkList", filter: string | undefined): Promise<Candidate[]> => {
    const page = (await client.call(route, { query: { ...(filter ? { filter } : {}), fields: "id,name", limit: most, sort: "name" }, signal })) as {
      items: { name: string }[];
    };
    return page.items.map(({ name }) => ({ word: name }));
  };
  const beginning = (text: string): string | undefined => (text && !/[\s=!*,]/.test(text) ? `name=${text}*` : undefined);
  switch (kind) {
    case "vm":
      return plainNames(await names("vmList", beginning(typed)), typed);
    case "host":
      return plainNames(await names("hostList", beginning(typed)), typed);
    case "vmOrHost":
      return plainNames((await Promise.all([names("vmList", beginning(typed)), names("hostList", beginning(typed))])).flat(), typed);
    case "datastore":
      return plainNames(await names("datastoreList", undefined), typed);
    case "network":
      return plainNames(await names("networkList", undefined), typed);
    case "template":
      return plainNames(
        (await client.call("templateList", { signal })).items.map(({ name, description }) => ({ word: name, meaning: description })),
        typed,
      );
    case "task":
      return plainNames(
        (await client.call("taskList", { query: { limit: 30 }, signal })).items.map(({ id, title }) => ({ word: id, meaning: title })),
        typed,
      );
    default:
      return selectorWords(typed, names);
  }
}

const states = ["running", "blocked", "paused", "suspended", "shuttingDown", "crashed", "saved", "off", "unknown"];
const fields = ["name=", "state=", "host=", "tag=", "type=", "id=", "os=", "datastore=", "network="];

async function selectorWords(
  typed: string,
  names: (route: "vmList" | "hostList" | "datastoreList" | "networkList", filter: string | undefined) => Promise<Candidate[]>,
): Promise<Candidate[]> {
  const [, field, , soFar = ""] = /^([a-z]+)(!?=)(.*)$/.exec(typed) ?? [];
  const head = typed.slice(0, typed.length - soFar.length);
  const alternatives = head + soFar.slice(0, soFar.lastIndexOf(",") + 1);
  const prefixed = (found: readonly Candidate[]): Candidate[] =>
    found.map(({ word }) => ({ word: alternatives + word })).filter(({ word }) => word.startsWith(typed));
  if (field === "state") return prefixed(states.map((word) => ({ word })));
  if (field === "host") return prefixed(await names("hostList", undefined));
  if (field === "datastore") return prefixed(await names("datastoreList", undefined));
  if (field === "network") return prefixed(await names("networkList", undefined));
  if (field !== undefined) return [];
  return [...plainNames(await names("vmList", typed && !/[\s=!*,]/.test(typed) ? `name=${typed}*` : undefined), typed), ...startingWith(fields, typed)];
}

/** Names that a shell can take as they are: no blanks, quotes or control characters, which a completion could smuggle into a command line. */
const plainNames = (found: readonly Candidate[], typed: string): Candidate[] =>
  found
    .filter(({ word }) => word.startsWith(typed) && /^[\p{L}\p{N}._@:+/-]+$/u.test(word))
    .map(({ word, meaning }) => ({ word, ...(meaning ? { meaning: meaning.replace(/[\p{Cc}\p{Cf}]/gu, " ") } : {}) }));
