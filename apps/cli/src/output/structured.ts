import { escapeJson } from "./escape.ts";

/** A value as JSON text, two spaces deep, harmless on a terminal. */
export const jsonText = (value: unknown): string => `${escapeJson(JSON.stringify(value, null, 2))}\n`;
/** A value as one line of JSON. */
export const jsonLine = (value: unknown): string => `${escapeJson(JSON.stringify(value))}\n`;

/** A value as YAML 1.2 with the same content as its JSON; strings with hostile characters are written in escapes. */
export async function yamlText(value: unknown): Promise<string> {
  const { Document, Scalar, visit } = await import("yaml");
  const document = new Document(JSON.parse(JSON.stringify(value)) as unknown, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === "string" && escapeJson(node.value.replaceAll("\n", "")) !== node.value.replaceAll("\n", "")) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return escapeJson(document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER }));
}
