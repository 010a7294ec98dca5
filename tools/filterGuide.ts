import { writeFileSync } from "node:fs";
import { fieldNames, filterKinds, filterLimits, ownFields, relations, searchedFields, type FieldRow, type FilterKind } from "@polyvisor/api";

/** Filters that people ask for, each of a kind; a test reads every one of them. */
export const examples: readonly (readonly [kind: FilterKind, filter: string, means: string])[] = [
  ["vm", 'host.pool = "a" and state != running and tag in (web, db)', "what should run in pool a and does not"],
  ["vm", "cpu.use > 80% or memory.use > 90%", "what is under load now"],
  ["vm", "state = paused and reason = ioerror", "stopped by a full or failing datastore"],
  ["vm", "state.age > 30d and state = off", "off for a month"],
  ["vm", "since > 2h ago", "changed its state in the last two hours"],
  ["vm", "datastore.available < 10GiB and disk.format = qcow2", "grows on a datastore that is nearly full"],
  ["vm", "network.forward = nat and address ~ 192.168.122.", "behind the NAT of the default network"],
  ["vm", "nic.mac = 52:54:00:12:34:56", "whose NIC is that"],
  ["vm", "host.state = lost", "where we do not know how it is"],
  ["vm", "not (tag = backup or tag = scratch)", "forgotten by the backup"],
  ["vm", "os is empty and state = running", "no guest agent"],
  ["vm", "web 10.0.7.", "words alone: both are found in its name, title, tags or addresses"],
  ["vm", "tag=web,db state!=off mail-*", "a selector, as it always was"],
  ["host", "vm.count = 0 and state = connected", "empty hosts"],
  ["host", "cpu.use > 70% and memory.granted > 200GiB", "full hosts"],
  ["datastore", "use > 85% and host.pool in (a, b)", "nearly full datastores of two pools"],
  ["network", "active = no and autostart = yes", "should be up and is not"],
];

const types: Readonly<Record<FieldRow["type"], string>> = {
  text: "text",
  enum: "one of",
  boolean: "true, false",
  number: "number",
  bytes: "size",
  rate: "size a second",
  percent: "share",
  date: "date",
  duration: "duration",
};

function table(kind: FilterKind): string[] {
  const rows = Object.entries<FieldRow>(ownFields[kind]).map(([name, row]) => {
    const what = row.type === "enum" ? `one of ${row.values!.join(", ")}` : types[row.type];
    const also = row.also ? ` (also ${row.also.map((each) => `\`${each}\``).join(", ")})` : "";
    return `| \`${name}\`${also} | ${what}${row.many ? "; several" : ""} | ${row.means.replaceAll("|", "\\|")} |`;
  });
  return ["| field | values | meaning |", "|---|---|---|", ...rows];
}

const opening = `# The filter language

Made from the schema of the fields by \`node tools/filterGuide.ts\`; do not edit it here.

One language says which objects are meant: \`filter\` of the lists of the API (\`GET /vms?filter=\`), \`select\` of a request
for many VMs, the words of \`polyvisor list\`, \`start\`, \`migrate\` and the like, \`--filter\`.

\`\`\`sh
polyvisor list 'host.pool = a and state != running and cpu.use > 80%'
polyvisor shutdown 'tag = scratch and state.age > 7d' --dry-run
curl -G -H "Authorization: Bearer $TOKEN" --data-urlencode 'filter=memory >= 4GiB' http://127.0.0.1:8420/api/v1/vms
\`\`\`

## Grammar

\`\`\`ebnf
filter      = [ kind, "where" ], expression ;              (* vm, host, datastore, network *)
expression  = all, { "or", all } ;
all         = term, { [ "and" ], term } ;                  (* "and" may be left out *)
term        = "not", term | "(", expression, ")" | comparison | words ;
comparison  = field, operator, value, { ",", value }       (* values are alternatives *)
            | field, [ "not" ], "in", "(", value, { ",", value }, ")"
            | field, "is", [ "not" ], "empty" ;
operator    = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" ;
words       = value, { ",", value } ;
value       = word | quoted | age, "ago" ;
quoted      = '"', { character | "\\", character }, '"' | "'", { character | "\\", character }, "'" ;
word        = any characters but blanks ( ) " ' , = ! < > ~ ;
\`\`\`

\`and\` binds closer than \`or\`; \`not\` closest. Keywords may be written in capitals. A filter has at most
${filterLimits.length.toLocaleString("en")} characters, ${filterLimits.terms} comparisons and ${filterLimits.depth} brackets or nots within each other.
What is wrong is told with its place, what was expected, and what was probably meant.

## What a comparison means

- \`=\` is the value exactly, letter case counts; \`*\` in a word stands for any text (\`name = web-*\`). In quotes a \`*\` is a star.
- \`~\` is a text that holds the value, letter case does not count; with a \`*\` in it, the whole text must fit (\`name ~ web*01\`).
- A field with several values (tags, disks, addresses) fits where one of them does. Each comparison looks for one of its
  own: \`disk.bus = ide and disk.capacity > 1TiB\` may be two disks, and so for datastores and networks of a VM.
- \`!=\`, \`!~\` and \`not in\` are \`not\` before the comparison: \`tag != web\` has no tag web; \`os != debian\` also fits where no
  system is known. \`is empty\` is where there is no value.
- \`<\` and its like never fit where there is no value: a VM that was not measured is neither above nor below 80 %.
- Sizes need their unit, all of 1,024: \`512MiB\`, \`4G\`, \`1.5 TiB\`, \`100B\`; rates are sizes a second (\`10MiB/s\`); shares have \`%\`.
- Durations are \`90s\`, \`15m\`, \`4h\`, \`2d\`, \`3w\`. Dates are ISO 8601 (\`2026-01-31\`, which is its beginning in UTC, and with
  \`=\` the whole day; \`2026-01-31T12:00Z\`), \`now\`, or a duration and \`ago\`.
- Words that stand alone are looked for in ${filterKinds.map((kind) => `${kind}s: ${searchedFields[kind].map((field) => `\`${field}\``).join(", ")}`).join("; ")}; or are the
  object's id. In a request that changes something they are refused: write \`name = web1\`.
- \`host.\`, and for VMs \`datastore.\` and \`network.\`, lead to every field of what the object is on.

The order of a list is not part of the filter: \`sort=name\` or \`sort=-memory\`.

## What it costs

Every field but \`notes\` and \`description\` is answered by an index, also under \`not\` and \`or\`, so \`total\` is exact and a page
reads little more than what it shows. Present load is a column of numbers, which is gone through. Notes and descriptions
are looked at one by one, at most 20,000 for a request; past that the filter is refused and needs another term.

\`GET /filter/complete?text=&cursor=&kind=\` says what may stand at a place, what is wrong so far, and the filter in its one
spelling. \`GET /search?q=\` looks for words in all kinds at once. \`GET /events?kinds=vm&filter=\` sends the events after which
the object fits, and every deletion of the kind; an object that stops fitting is told of by nothing.

## Examples
`;

/** docs/guide/filter.md. */
export function filterGuide(): string {
  return [
    opening,
    "| of | filter | finds |",
    "|---|---|---|",
    ...examples.map(([kind, filter, means]) => `| ${kind}s | \`${filter}\` | ${means} |`),
    "",
    ...filterKinds.flatMap((kind) => [
      `## Fields of ${kind}s`,
      "",
      ...table(kind),
      "",
      ...(relations[kind].length > 0
        ? [
            `And ${fieldNames(kind).length - Object.keys(ownFields[kind]).length} more through ${relations[kind].map((each) => `\`${each}.\` (fields of ${each}s)`).join(", ")}.`,
            "",
          ]
        : []),
    ]),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}

if (import.meta.main) writeFileSync(new URL("../docs/guide/filter.md", import.meta.url), filterGuide());
