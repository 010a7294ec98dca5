import { PolyvisorError } from "@polyvisor/model";
import type { XmlElement, XmlNode } from "./xmlNode.ts";

const inText: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };
const inAttribute: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;" };

// What no XML 1.0 document can carry, escaped or not.
// oxlint-disable-next-line no-control-regex
const impossible = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

function checked(text: string): string {
  const found = impossible.exec(text);
  if (found)
    throw new PolyvisorError("badRequest", {
      detail: `the character U+${found[0].charCodeAt(0).toString(16).padStart(4, "0")} cannot be written in XML, which this hypervisor keeps its descriptions in`,
    });
  return text;
}

/**
 * Writes a tree as it is: white space stays what it was, so that reading it again gives the same tree.
 * @throws PolyvisorError `badRequest` for a character that XML does not have
 */
export function writeXml(node: XmlNode): string {
  const out: string[] = [];
  write(node, out);
  return out.join("");
}

function write(node: XmlNode, out: string[]): void {
  switch (node.kind) {
    case "text":
      out.push(checked(node.text).replace(/[&<>\r]/g, (c) => inText[c]!));
      return;
    case "comment":
      out.push("<!--", node.text, "-->");
      return;
    case "cdata":
      out.push("<![CDATA[", node.text, "]]>");
      return;
    case "instruction":
      out.push("<?", node.target, node.body ? " " : "", node.body, "?>");
      return;
    case "element":
      break;
  }
  out.push("<", node.name);
  for (const [key, value] of node.attributes)
    out.push(
      " ",
      key,
      "='",
      checked(value).replace(/[&<>'\t\n\r]/g, (c) => inAttribute[c]!),
      "'",
    );
  if (node.children.length === 0) {
    out.push("/>");
    return;
  }
  out.push(">");
  for (const each of node.children) write(each, out);
  out.push("</", node.name, ">");
}

/** Writes a tree that we built with an element a line, two spaces a level. Text is never touched. */
export function writeIndented(root: XmlElement): string {
  const out: string[] = [];
  indent(root, "", out);
  return out.join("");
}

function indent(node: XmlElement, margin: string, out: string[]): void {
  if (!node.children.some((each) => each.kind === "element") || node.children.some((each) => each.kind === "text" && each.text.trim() !== "")) {
    out.push(margin);
    write(node, out);
    out.push("\n");
    return;
  }
  out.push(margin);
  const open: string[] = [];
  write({ ...node, children: [] }, open);
  out.push(open.join("").replace(/\/>$/, ">"), "\n");
  for (const each of node.children) {
    if (each.kind === "element") indent(each, `${margin}  `, out);
    else if (each.kind !== "text") {
      out.push(margin, "  ");
      write(each, out);
      out.push("\n");
    }
  }
  out.push(margin, "</", node.name, ">\n");
}
