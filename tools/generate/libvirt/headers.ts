/** One public enumeration or macro of libvirt's C headers: name and value. */
export interface HeaderConstant { name: string; value: number | bigint | string }

/** Evaluates the constant expressions that libvirt's headers use: integers, shifts, or, known names. */
function evaluate(expression: string, known: Map<string, number | bigint | string>): number | bigint | undefined {
  const resolved = expression
    .replace(/\b([A-Za-z_]\w*)\b/g, (name) => (name === "U" || name === "UL" ? "" : String(known.get(name) ?? "?")))
    .replace(/\b(0x[0-9a-fA-F]+|\d+)[uUlL]*\b/g, "$1n");
  if (!/^[\s0-9a-fA-Fxn()|<>+\-~]+$/.test(resolved)) return undefined;
  try {
    const value = (0, eval)(resolved) as unknown;
    if (typeof value !== "bigint") return undefined;
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  } catch {
    return undefined;
  }
}

/** Enumeration entries and value macros of a libvirt C header. Sentinels (`…_LAST`) and comments are left out. */
export function readHeader(source: string, known: Map<string, number | bigint | string>): HeaderConstant[] {
  const text = source
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*#\s*ifdef VIR_ENUM_SENTINELS[\s\S]*?#\s*endif.*$/gm, "")
    .replace(/\\\n/g, " ");
  const found: HeaderConstant[] = [];
  const add = (name: string, value: number | bigint | string): void => {
    known.set(name, value);
    found.push({ name, value });
  };
  const pattern = /(?:typedef\s+)?enum\s*\w*\s*\{([^}]*)\}|^\s*#\s*define\s+(VIR_\w+)[ \t]+(.+)$/gm;
  for (const match of text.matchAll(pattern)) {
    if (match[1] !== undefined) {
      let previous: number | bigint = -1;
      for (const entry of match[1].split(",").map((part) => part.trim()).filter(Boolean)) {
        const parts = /^(\w+)(?:\s*=\s*([\s\S]+))?$/.exec(entry);
        if (!parts?.[1]) throw new Error(`cannot read enumeration entry ${JSON.stringify(entry)}`);
        const value: number | bigint | undefined = parts[2] === undefined ? Number(previous) + 1 : evaluate(parts[2], known);
        if (value === undefined) throw new Error(`cannot evaluate ${JSON.stringify(entry)}`);
        previous = value;
        if (!parts[1].endsWith("_LAST")) add(parts[1], value);
      }
    } else if (match[2] && match[3]) {
      const quoted = /^"([^"]*)"$/.exec(match[3].trim());
      const value = quoted ? quoted[1] : evaluate(match[3].trim(), known);
      if (value !== undefined) add(match[2], value);
    }
  }
  return found;
}
