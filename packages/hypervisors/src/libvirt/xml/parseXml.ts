import { PolyvisorError } from "@polyvisor/model";
import { SaxesParser } from "saxes";
import type { XmlElement, XmlNode } from "./xmlNode.ts";

/** What a document may not exceed. libvirt's own messages end at 32 MiB. */
export interface XmlBounds {
  bytes: number;
  depth: number;
  nodes: number;
}
const defaultBounds: XmlBounds = { bytes: 16 * 1024 ** 2, depth: 64, nodes: 400_000 };

/**
 * Reads a document into a tree that loses nothing but the XML declaration. There is no DTD and no entity beyond the
 * five of XML itself, so nothing in a document can grow or reach outside of it.
 * @param what how to call the document in an error: `the description of "web1"`
 * @throws PolyvisorError `badRequest` with line and column
 */
export function parseXml(text: string, what = "the document", bounds: XmlBounds = defaultBounds): XmlElement {
  const fail = (detail: string, where: string): never => {
    throw new PolyvisorError("badRequest", { detail: `${what} is not XML that can be read: ${detail}`, where });
  };
  if (text.length > bounds.bytes) fail(`it has ${text.length} characters, and ${bounds.bytes} are the limit`, "/");
  const parser = new SaxesParser({ xmlns: false, position: true });
  const place = (): string => `line ${parser.line}, column ${parser.column}`;
  const stack: XmlElement[] = [];
  let root: XmlElement | undefined;
  let nodes = 0;
  const add = (node: XmlNode): void => {
    if (++nodes > bounds.nodes) fail(`it has more than ${bounds.nodes} parts`, place());
    stack.at(-1)?.children.push(node);
  };
  parser.on("error", (error) => fail(error.message.replace(/^\d+:\d+: /, ""), place()));
  parser.on("doctype", () => fail("it has a document type declaration, which is not taken", place()));
  parser.on("opentag", (tag) => {
    const element: XmlElement = { kind: "element", name: tag.name, attributes: new Map(Object.entries(tag.attributes)), children: [] };
    nodes += element.attributes.size;
    add(element);
    if (stack.length === 0) root = element;
    if (stack.push(element) > bounds.depth) fail(`its elements lie more than ${bounds.depth} deep`, place());
  });
  parser.on("closetag", () => stack.pop());
  parser.on("text", (value) => add({ kind: "text", text: value }));
  parser.on("cdata", (value) => add({ kind: "cdata", text: value }));
  parser.on("comment", (value) => add({ kind: "comment", text: value }));
  parser.on("processinginstruction", (value) => add({ kind: "instruction", target: value.target, body: value.body }));
  parser.write(text).close();
  return root ?? fail("it has no element", "/");
}
