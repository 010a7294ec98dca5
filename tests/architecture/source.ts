/** A TypeScript text with everything that is no code blanked, once with and once without its string literals. */
export interface Source {
  /** Comments blanked. */
  code: string;
  /** Comments and the inside of every string, template text and regular expression blanked. */
  bare: string;
}

const beforeRegex = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|await|yield))\s*$/;

/** Scans once; templates nest, and a slash begins a regular expression where no operand ends before it. */
export function scan(text: string): Source {
  const code = text.split("");
  const bare = text.split("");
  const blank = (list: string[], from: number, to: number): void => {
    for (let i = from; i < to && i < list.length; i += 1) if (list[i] !== "\n") list[i] = " ";
  };
  // Depth of braces at which each open template goes on.
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  const skipTemplate = (from: number): number => {
    let i = from;
    while (i < code.length && code[i] !== "`") {
      if (code[i] === "\\") i += 1;
      else if (code[i] === "$" && code[i + 1] === "{") {
        blank(bare, from, i);
        depth += 1;
        templates.push(depth);
        return i + 2;
      }
      i += 1;
    }
    blank(bare, from, i);
    return i + 1;
  };
  while (at < code.length) {
    const char = code[at]!;
    const next = code[at + 1];
    if (char === "/" && (next === "/" || next === "*")) {
      const closing = next === "/" ? text.indexOf("\n", at) : text.indexOf("*/", at + 2);
      const end = closing === -1 ? code.length : closing + (next === "/" ? 0 : 2);
      blank(code, at, end);
      blank(bare, at, end);
      at = end;
    } else if (char === '"' || char === "'") {
      let end = at + 1;
      while (end < code.length && code[end] !== char && code[end] !== "\n") end += code[end] === "\\" ? 2 : 1;
      blank(bare, at + 1, end);
      at = end + 1;
    } else if (char === "`") at = skipTemplate(at + 1);
    else if (char === "/" && beforeRegex.test(bare.slice(Math.max(0, at - 40), at).join(""))) {
      let end = at + 1;
      for (let inClass = false; end < code.length && code[end] !== "\n" && (inClass || code[end] !== "/"); end += 1) {
        if (code[end] === "\\") end += 1;
        else if (code[end] === "[") inClass = true;
        else if (code[end] === "]") inClass = false;
      }
      blank(bare, at + 1, end);
      // A quote in there must not begin a string for those who read the code.
      blank(code, at + 1, end);
      at = end + 1;
    } else {
      if (char === "{") depth += 1;
      if (char === "}") {
        if (templates.at(-1) === depth) {
          templates.pop();
          depth -= 1;
          at = skipTemplate(at + 1);
          continue;
        }
        depth -= 1;
      }
      at += 1;
    }
  }
  return { code: code.join(""), bare: bare.join("") };
}

export interface Import {
  /** What is imported; undefined where it is computed and nobody can tell. */
  specifier: string | undefined;
  line: number;
}

const loads =
  /\b(?:(?:from|import)\s*(["'])(?<static>[^"'\n]*)\1|(?:import|require(?:\.resolve)?|import\.meta\.resolve)\s*\(\s*(?:(["'])(?<called>[^"'\n]*)\3\s*[,)]|(?<computed>[^)\s])))/g;

/** Every import of a file: static, of types only, re-exports, dynamic. */
export function importsOf(text: string): Import[] {
  const { code, bare } = scan(text);
  const out: Import[] = [];
  for (const match of code.matchAll(loads)) {
    // The word stood inside a string.
    if (!/^(?:from|import|require)/.test(bare.slice(match.index))) continue;
    const { static: named, called } = match.groups ?? {};
    out.push({ specifier: named ?? called, line: code.slice(0, match.index).split("\n").length });
  }
  return out;
}
