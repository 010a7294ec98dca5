import { filterLimits, type Comparison, type Filter, type FilterFault, type FilterValue } from "./ast.ts";
import { filterWords } from "./quote.ts";
import { suggest } from "./suggest.ts";
import { fault, tokenise, type Token } from "./tokens.ts";
import { ageUnit, isUnit } from "./units.ts";

/** A filter that was read. `kind` is what stands before `where`, as it was written. */
export type ParsedFilter = { ok: true; filter: Filter; kind?: { text: string; at: number } } | FilterFault;

const kindWords: Readonly<Record<string, string>> = { vms: "vm", hosts: "host", datastores: "datastore", networks: "network" };

/** Reads a filter: docs/guide/filter.md has the grammar. Bounded by `filterLimits`; never throws. */
export function parseFilter(text: string): ParsedFilter {
  if (text.length > filterLimits.length) return fault(`a filter has at most ${filterLimits.length} characters`, filterLimits.length, text.length, []);
  const read = tokenise(text);
  if (!read.ok) return read;
  try {
    return new Parser(read.tokens).whole();
  } catch (error) {
    if (error instanceof Stop) return error.fault;
    throw error;
  }
}

/** Leaves the parser at the first fault. */
class Stop extends Error {
  readonly fault: FilterFault;
  constructor(found: FilterFault) {
    super(found.message);
    this.fault = found;
  }
}

const shown = (token: Token): string => (token.type === "end" ? "the end" : `"${token.text.slice(0, 64)}"`);
const named = (list: readonly string[]): string => (list.length > 1 ? `${list.slice(0, -1).join(", ")} or ${list.at(-1)}` : list.join(""));

class Parser {
  readonly #tokens: readonly Token[];
  #place = 0;
  #depth = 0;
  #terms = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): ParsedFilter {
    let kind: { text: string; at: number } | undefined;
    if (this.#isWord(this.#peek(1), "where") && this.#peek().type === "word") {
      const word = this.#next();
      const small = word.text.toLowerCase();
      kind = { text: kindWords[small] ?? small, at: word.at };
      this.#next();
    } else if (this.#peek().type === "end") return { ok: true, filter: { is: "all", at: 0 } };
    const filter = this.#alternatives();
    if (this.#peek().type !== "end") this.#refuse(["and", "or", "the end"]);
    return { ok: true, filter, ...(kind ? { kind } : {}) };
  }

  #alternatives(): Filter {
    return this.#list(
      "or",
      () => this.#all(),
      () => this.#takeWord("or"),
    );
  }

  /** Terms that must all hold; `and` between them may be left out. */
  #all(): Filter {
    return this.#list(
      "and",
      () => this.#term(),
      () => this.#takeWord("and") || this.#beginsTerm(),
    );
  }

  #list(is: "and" | "or", part: () => Filter, more: () => boolean): Filter {
    const { at } = this.#peek();
    const parts = [part()];
    while (more()) parts.push(part());
    return parts.length === 1 ? parts[0]! : { is, parts, at };
  }

  #beginsTerm(): boolean {
    const token = this.#peek();
    return token.type === "string" || token.type === "(" || (token.type === "word" && !this.#isWord(token, "or"));
  }

  #term(): Filter {
    const token = this.#peek();
    if (++this.#depth > filterLimits.depth) throw new Stop(fault(`brackets and nots go at most ${filterLimits.depth} deep`, token.at, token.end, []));
    const term = this.#oneTerm(token);
    this.#depth--;
    return term;
  }

  #oneTerm(token: Token): Filter {
    if (token.type === "(") {
      this.#next();
      const inner = this.#alternatives();
      if (this.#peek().type !== ")") this.#refuse([")", "and", "or"]);
      this.#next();
      return inner;
    }
    if (this.#isWord(token, "not") && this.#peek(1).type !== "op") {
      this.#next();
      return { is: "not", part: this.#term(), at: token.at };
    }
    if (++this.#terms > filterLimits.terms) throw new Stop(fault(`a filter has at most ${filterLimits.terms} comparisons`, token.at, token.end, []));
    if (token.type === "string") return { is: "text", values: this.#values(), at: token.at };
    if (token.type !== "word" || this.#isWord(token, "and") || this.#isWord(token, "or")) this.#refuse(["a field", "a word", "not", "("]);
    return this.#comparison(token);
  }

  #comparison(field: Token): Filter {
    const follows = this.#peek(1);
    const { at, text } = field;
    if (follows.type === "op") {
      this.#next();
      this.#next();
      return { is: "compare", field: text, op: follows.text as Comparison, values: this.#values(), at };
    }
    const isNot = this.#isWord(follows, "not") && this.#isWord(this.#peek(2), "in");
    if (isNot || this.#isWord(follows, "in")) {
      this.#place += isNot ? 3 : 2;
      if (this.#peek().type !== "(") this.#refuse(["("]);
      this.#next();
      const values = this.#values();
      if (this.#peek().type !== ")") this.#refuse([",", ")"]);
      this.#next();
      return { is: "compare", field: text, op: isNot ? "!=" : "=", values, at };
    }
    if (this.#isWord(follows, "is")) {
      this.#place += 2;
      const not = this.#takeWord("not");
      if (!this.#takeWord("empty")) this.#refuse(not ? ["empty"] : ["empty", "not empty"]);
      return { is: "empty", field: text, not, at };
    }
    if (text === "&&" || text === "||")
      throw new Stop({ ...fault(`there is no operator ${text}`, at, field.end, []), suggestion: text === "&&" ? "and" : "or" });
    const values = this.#values();
    // As selectors always had it: a bare word with a star is a name.
    if (values.some((value) => !value.quoted && value.text.includes("*"))) return { is: "compare", field: "name", op: "=", values, at };
    return { is: "text", values, at };
  }

  /** Alternatives with a comma between. */
  #values(): FilterValue[] {
    const values = [this.#value()];
    while (this.#peek().type === ",") {
      this.#next();
      values.push(this.#value());
    }
    return values;
  }

  #value(): FilterValue {
    const token = this.#peek();
    if (token.type !== "word" && token.type !== "string") this.#refuse(["a value"]);
    this.#next();
    if (token.type === "string") return { text: token.text, quoted: true, ago: false, at: token.at };
    let { text } = token;
    // "4 GiB" and "2 days ago" as people write them.
    if (/^-?\d+(\.\d+)?$/.test(text) && this.#peek().type === "word" && isUnit(this.#peek().text)) text += this.#next().text;
    const ago = ageUnit(text) !== undefined && this.#takeWord("ago");
    return { text, quoted: false, ago, at: token.at };
  }

  #isWord(token: Token, word: string): boolean {
    return token.type === "word" && token.text.toLowerCase() === word;
  }

  #takeWord(word: string): boolean {
    if (!this.#isWord(this.#peek(), word)) return false;
    this.#place++;
    return true;
  }

  #peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#place + ahead, this.#tokens.length - 1)]!;
  }

  #next(): Token {
    const token = this.#peek();
    this.#place++;
    return token;
  }

  #refuse(expected: string[]): never {
    const token = this.#peek();
    const meant =
      token.type === "word"
        ? suggest(
            token.text,
            [...filterWords, "empty"].filter((word) => expected.some((each) => each.includes(word))),
          )
        : undefined;
    throw new Stop({ ...fault(`expected ${named(expected)}, found ${shown(token)}`, token.at, token.end, expected), ...(meant ? { suggestion: meant } : {}) });
  }
}
