/** One public enumeration or macro of libvirt's C headers: name and value. */
export interface HeaderConstant { name: string; value: number | bigint | string }

type Known = Map<string, number | bigint | string>;

/** Evaluates the constant expressions that libvirt's headers use: integers, `|`, `<<`, `+`, `-`, parentheses, known names. */
function evaluate(expression: string, known: Known): number | bigint | undefined {
  const tokens = expression.match(/\w+|<<|[|()+-]|\S/g) ?? [];
  let at = 0;
  const primary = (): bigint => {
    const token = tokens[at++] ?? "";
    if (token === "-") return -primary();
    if (token === "(") {
      const inner = either();
      if (tokens[at++] !== ")") throw new Error("unbalanced");
      return inner;
    }
    const literal = /^(0x[0-9a-fA-F]+|\d+)[uUlL]*$/.exec(token);
    const value = literal?.[1] ?? known.get(token);
    if (value === undefined || (typeof value === "string" && !literal)) throw new Error(`unknown ${token}`);
    return BigInt(value);
  };
  const sum = (): bigint => {
    let value = primary();
    while (tokens[at] === "+" || tokens[at] === "-") value = tokens[at++] === "+" ? value + primary() : value - primary();
    return value;
  };
  const shift = (): bigint => {
    let value = sum();
    while (tokens[at] === "<<") { at++; value <<= sum(); }
    return value;
  };
  const either = (): bigint => {
    let value = shift();
    while (tokens[at] === "|") { at++; value |= shift(); }
    return value;
  };
  try {
    const value = either();
    if (at !== tokens.length) return undefined;
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  } catch {
    return undefined;
  }
}

/** Enumeration entries and value macros of a libvirt C header. Sentinels (`…_LAST`) and comments are left out. */
export function readHeader(source: string, known: Known): HeaderConstant[] {
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
