// What may stand in a line of a library that nobody here wrote. Each is told by its shape; the rest is known by its field.
const shapes: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]+-----[^]*?(?:-----END [A-Z ]+-----|$)/g, "(left out)"],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, "$1(left out)@"],
  [/\b(Bearer|Basic)\s+\S+/gi, "$1 (left out)"],
  [/\bpv_[\w-]+/g, "(left out)"],
  [/\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2}\b/g, "(left out)"],
  [/((?:pass ?-?(?:word|phrase)|passwd|pwd|secret|token|credential|api-?key|authorization)["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s,;&}]+)/gi, "$1(left out)"],
  [/\b[A-Za-z0-9_/+-]{40,}={0,2}/g, "(left out)"],
];

/** Text without what looks like a secret. @param known secrets that are left out wherever they stand */
export function scrub(text: string, known: readonly string[] = []): string {
  let out = text;
  for (const each of known) if (each.length >= 4) out = out.replaceAll(each, "(left out)");
  for (const [shape, instead] of shapes) out = out.replace(shape, instead);
  return out;
}

/** Fields of a log line that are told on; all others are left out. */
const fields = new Set(
  "level time msg room name version pid ms status method route requestId problem detail code type message stack error err cause where what host hostId objectId taskId task step kind attempt startAgainInMs ids count channel signal hypervisor api postgres as".split(
    " ",
  ),
);
const deepest = 6;

/** A line of the log as it is told on. */
export function scrubLine(line: string, known: readonly string[]): string | undefined {
  try {
    return JSON.stringify(allowed(JSON.parse(line), known, 0));
  } catch {
    return undefined;
  }
}

function allowed(value: unknown, known: readonly string[], depth: number): unknown {
  if (typeof value === "string") return scrub(value, known).slice(0, 2_000);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= deepest || Array.isArray(value)) return "(left out)";
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => fields.has(name))
      .map(([name, each]) => [name, allowed(each, known, depth + 1)]),
  );
}
