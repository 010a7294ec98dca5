/** A number in a definition file: a literal, or the name of a constant. */
export type Size = string;

export interface Field {
  name: string;
  /** `int`, `unsigned int`, `hyper`, `unsigned hyper`, `double`, `char`, `unsigned char`, `unsigned short`, `opaque`, `string`, or a named type. */
  type: string;
  shape: "single" | "fixed" | "variable" | "optional";
  size?: Size;
}

export interface Struct { name: string; fields: Field[] }
export interface Union { name: string; discriminant: string; cases: { value: string; field: Field }[] }
export interface EnumEntry { name: string; value: number; stream: boolean; highPriority: boolean }

/** What an XDR definition file says, in its order. */
export interface Definition {
  constants: Map<string, number>;
  typedefs: Map<string, Field>;
  structs: Map<string, Struct>;
  unions: Map<string, Union>;
  enums: Map<string, EnumEntry[]>;
}

export function emptyDefinition(): Definition {
  return { constants: new Map(), typedefs: new Map(), structs: new Map(), unions: new Map(), enums: new Map() };
}

interface Token { text: string; annotations: string; line: number }

/** Comments vanish, but a token remembers the one before it: that of a procedure carries annotations such as `@readstream: 1`. */
function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\/\*([\s\S]*?)\*\/|^%.*$|\s+|([A-Za-z_][A-Za-z0-9_]*|-?0x[0-9a-fA-F]+|-?\d+|[{}()[\]<>;:,=*])/gmy;
  let annotations = "";
  while (pattern.lastIndex < source.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(source);
    const line = source.slice(0, at).split("\n").length;
    if (!match) throw new Error(`line ${line}: cannot read ${JSON.stringify(source.slice(at, at + 20))}`);
    if (match[1]?.startsWith("*")) annotations = match[1];
    if (match[2] !== undefined) {
      tokens.push({ text: match[2], annotations, line });
      annotations = "";
    }
  }
  return tokens;
}

/** Reads one definition file into `into`, on top of what is there already. Throws with the line on anything unknown. */
export function parseDefinition(source: string, into: Definition): void {
  const tokens = tokenize(source);
  let at = 0;
  const peek = (): string => tokens[at]?.text ?? "";
  const fail = (message: string): never => { throw new Error(`line ${tokens[at]?.line ?? "end"}: ${message}`); };
  const next = (): string => tokens[at++]?.text ?? fail("file ends early");
  const expect = (text: string): void => { if (peek() !== text) fail(`expected ${text}, found ${peek()}`); at++; };
  const number = (text: string): number => {
    const value = /^-?\d|^-?0x/.test(text) ? Number(text) : into.constants.get(text);
    return value ?? fail(`unknown constant ${text}`);
  };

  const typeName = (): string => {
    const first = next();
    if (first !== "unsigned") return first;
    return ["int", "hyper", "char", "short"].includes(peek()) ? `unsigned ${next()}` : "unsigned int";
  };
  const declaration = (): Field => {
    const type = typeName();
    const optional = peek() === "*";
    if (optional) at++;
    const field: Field = { name: next(), type, shape: optional ? "optional" : "single" };
    if (peek() === "[") { at++; field.shape = "fixed"; field.size = next(); expect("]"); }
    else if (peek() === "<") { at++; field.shape = "variable"; field.size = next(); expect(">"); }
    expect(";");
    return field;
  };

  while (at < tokens.length) {
    const keyword = next();
    if (keyword === "const") {
      const name = next();
      expect("=");
      into.constants.set(name, number(next()));
      expect(";");
    } else if (keyword === "typedef") {
      const field = declaration();
      into.typedefs.set(field.name, field);
    } else if (keyword === "struct") {
      const name = next();
      const fields: Field[] = [];
      expect("{");
      while (peek() !== "}") fields.push(declaration());
      at++;
      expect(";");
      into.structs.set(name, { name, fields });
    } else if (keyword === "union") {
      const name = next();
      expect("switch"); expect("(");
      const discriminant = typeName();
      next();
      expect(")"); expect("{");
      const cases: Union["cases"] = [];
      while (peek() !== "}") { expect("case"); const value = next(); expect(":"); cases.push({ value, field: declaration() }); }
      at++;
      expect(";");
      into.unions.set(name, { name, discriminant, cases });
    } else if (keyword === "enum") {
      const name = next();
      const entries: EnumEntry[] = [];
      expect("{");
      while (peek() !== "}") {
        const annotations = tokens[at]?.annotations ?? "";
        const entry = next();
        expect("=");
        const value = number(next());
        entries.push({ name: entry, value, stream: /@(read|write)stream:\s*\d/.test(annotations), highPriority: /@priority:\s*high/.test(annotations) });
        into.constants.set(entry, value);
        if (peek() === ",") at++;
      }
      at++;
      expect(";");
      into.enums.set(name, entries);
    } else fail(`unknown keyword ${keyword}`);
  }
}
