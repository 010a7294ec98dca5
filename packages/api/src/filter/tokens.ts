import type { FilterFault } from "./ast.ts";
import { isPlainWord } from "./quote.ts";

export interface Token {
  type: "word" | "string" | "op" | "(" | ")" | "," | "end";
  /** The word, the text inside the quotes, or the operator. */
  text: string;
  at: number;
  end: number;
}

const operators = ["!=", "!~", "<=", ">=", "==", "<>", "=", "<", ">", "~", "!"];

/**
 * Cuts a filter into words, quoted texts, operators and brackets; always ends with `end`.
 * @param tolerant takes a quote that is not closed as if it were: for completion
 */
export function tokenise(text: string, tolerant = false): { ok: true; tokens: Token[] } | FilterFault {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text[at]!;
    if (/\s/.test(char)) {
      at++;
      continue;
    }
    if (char === "(" || char === ")" || char === ",") {
      tokens.push({ type: char, text: char, at, end: ++at });
      continue;
    }
    if (char === '"' || char === "'") {
      const begin = at++;
      let inner = "";
      while (at < text.length && text[at] !== char) {
        if (text[at] === "\\" && at + 1 < text.length) at++;
        inner += text[at++]!;
      }
      if (at >= text.length && !tolerant) return fault(`the quote ${char} is not closed`, begin, text.length, [char]);
      if (inner.includes("\u0000")) return fault("no name holds the character NUL", begin, at, []);
      at = Math.min(at + 1, text.length);
      tokens.push({ type: "string", text: inner, at: begin, end: at });
      continue;
    }
    const operator = operators.find((each) => text.startsWith(each, at));
    if (operator !== undefined) {
      const end = at + operator.length;
      if (operator === "<>" || operator === "!")
        return { ...fault(`there is no operator ${operator}`, at, end, []), suggestion: operator === "!" ? "not" : "!=" };
      tokens.push({ type: "op", text: operator === "==" ? "=" : operator, at, end });
      at = end;
      continue;
    }
    const begin = at;
    while (at < text.length && isPlainWord(text[at]!)) at++;
    // A character outside the BMP is two units, of which none is blank or an operator; anything left is a control character.
    if (at === begin) return fault("there is a control character", at, at + 1, []);
    tokens.push({ type: "word", text: text.slice(begin, at), at: begin, end: at });
  }
  tokens.push({ type: "end", text: "", at: text.length, end: text.length });
  return { ok: true, tokens };
}

export const fault = (message: string, at: number, end: number, expected: string[]): FilterFault => ({ ok: false, message, at, end, expected });
