import type { Filter, FilterValue } from "./ast.ts";
import { isPlainWord, quoteText } from "./quote.ts";

/** A filter in its one spelling; reading it gives the same filter. */
export function formatFilter(filter: Filter): string {
  switch (filter.is) {
    case "all":
      return "";
    case "and":
    case "or":
      return filter.parts.map((part) => inside(part, filter.is)).join(` ${filter.is} `);
    case "not":
      return `not ${inside(filter.part, "not")}`;
    case "empty":
      return `${filter.field} is ${filter.not ? "not " : ""}empty`;
    case "text":
      return filter.values.map(valueText).join(", ");
    case "compare": {
      const { field, op, values } = filter;
      if (values.length > 1 && (op === "=" || op === "!=")) return `${field} ${op === "=" ? "in" : "not in"} (${values.map(valueText).join(", ")})`;
      return `${field} ${op} ${values.map(valueText).join(", ")}`;
    }
  }
}

/** In brackets where it would be read otherwise. A list within a list of its own kind keeps its brackets. */
function inside(part: Filter, around: "and" | "or" | "not"): string {
  const loose = part.is === "or" || part.is === "and";
  return loose && !(around === "or" && part.is === "and") ? `(${formatFilter(part)})` : formatFilter(part);
}

const valueText = (value: FilterValue): string => `${value.quoted || !isPlainWord(value.text) ? quoteText(value.text) : value.text}${value.ago ? " ago" : ""}`;
