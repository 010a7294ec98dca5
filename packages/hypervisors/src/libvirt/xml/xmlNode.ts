/** An element of an XML document; everything in it is kept in its order, known or not. */
export interface XmlElement {
  readonly kind: "element";
  name: string;
  /** Attributes in the order they were written; values are decoded. */
  attributes: Map<string, string>;
  children: XmlNode[];
}
export interface XmlText {
  readonly kind: "text" | "comment" | "cdata";
  text: string;
}
export interface XmlInstruction {
  readonly kind: "instruction";
  target: string;
  body: string;
}
export type XmlNode = XmlElement | XmlText | XmlInstruction;

export type Content = XmlNode | string | undefined;

/** Makes an element: `element("disk", { type: "file" }, element("target", { dev: "vda" }))`. Undefined attributes and children are left out. */
export function element(name: string, attributes: Record<string, string | number | undefined> = {}, ...children: Content[]): XmlElement {
  const map = new Map<string, string>();
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) map.set(key, String(value));
  const nodes: XmlNode[] = [];
  for (const child of children) {
    if (child === undefined) continue;
    nodes.push(typeof child === "string" ? { kind: "text", text: child } : child);
  }
  return { kind: "element", name, attributes: map, children: nodes };
}

/** The first child element of that name. */
export function child(parent: XmlElement | undefined, name: string): XmlElement | undefined {
  if (!parent) return undefined;
  for (const node of parent.children) if (node.kind === "element" && node.name === name) return node;
  return undefined;
}

/** All child elements, or those of that name. */
export function children(parent: XmlElement | undefined, name?: string): XmlElement[] {
  const out: XmlElement[] = [];
  if (parent) for (const node of parent.children) if (node.kind === "element" && (name === undefined || node.name === name)) out.push(node);
  return out;
}

/** The element at the end of a path of names. */
export function at(parent: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  let found = parent;
  for (const name of path) found = child(found, name);
  return found;
}

/** Text directly in an element; undefined where there is no element. */
export function textOf(parent: XmlElement | undefined): string | undefined {
  if (!parent) return undefined;
  let text = "";
  for (const node of parent.children) if (node.kind === "text" || node.kind === "cdata") text += node.text;
  return text;
}

/** An attribute of an element that may be absent. */
export function attribute(parent: XmlElement | undefined, name: string): string | undefined {
  return parent?.attributes.get(name);
}

/** Whether two nodes say the same; attribute order and the white space between elements say nothing. */
export function sameXml(a: XmlNode, b: XmlNode): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === "instruction" || b.kind === "instruction")
    return a.kind === "instruction" && b.kind === "instruction" && a.target === b.target && a.body === b.body;
  if (a.kind !== "element" || b.kind !== "element") return "text" in a && "text" in b && a.text === b.text;
  if (a.name !== b.name || a.attributes.size !== b.attributes.size) return false;
  for (const [key, value] of a.attributes) if (b.attributes.get(key) !== value) return false;
  const left = significant(a);
  const right = significant(b);
  return left.length === right.length && left.every((node, i) => sameXml(node, right[i]!));
}

function significant(parent: XmlElement): XmlNode[] {
  const mixed = parent.children.some((node) => node.kind === "element");
  return parent.children.filter((node) => node.kind !== "text" || (!mixed && node.text !== "") || node.text.trim() !== "");
}

/** A copy that shares nothing with the original. */
export function copyXml(node: XmlElement): XmlElement {
  return {
    kind: "element",
    name: node.name,
    attributes: new Map(node.attributes),
    children: node.children.map((each) => (each.kind === "element" ? copyXml(each) : { ...each })),
  };
}
