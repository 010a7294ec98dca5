import type { TextKey } from "../texts/texts.ts";

/** What is wrong with a name of a VM or snapshot, as the server will see it; undefined where nothing is. */
export function nameFault(name: string): TextKey | undefined {
  if (name === "") return "orders.names.empty";
  if (name.length > 255) return "orders.names.long";
  // oxlint-disable-next-line no-control-regex -- a control character is what is looked for
  if (/[\u0000-\u001f\u007f/]/u.test(name)) return "orders.names.characters";
  if (name === "." || name === ".." || name.trim() !== name) return "orders.names.blank";
  return undefined;
}
