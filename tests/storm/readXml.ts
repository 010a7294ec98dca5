/** An element as virsh prints it; a reader of the storm's own, so that no fault of the server's is in both. */
export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

const entities: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
const plain = (text: string): string =>
  text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (_, decimal?: string, hex?: string, name?: string) =>
    name ? entities[name]! : String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hex!, 16)),
  );

/** Reads what libvirt writes: no CDATA, no document type. */
export function readXml(xml: string): Element {
  const root: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  for (const [, comment, close, name, attributes, empty, text] of xml.matchAll(
    /<(?:(!--[^]*?--|\?[^]*?\?)|(\/)?([\w:.-]+)((?:\s+[\w:.-]+=(?:'[^']*'|"[^"]*"))*)\s*(\/)?)>|([^<]+)/g,
  )) {
    if (comment !== undefined) continue;
    if (text !== undefined) open.at(-1)!.text += plain(text);
    else if (close !== undefined) open.pop();
    else {
      const element: Element = { name: name!, attributes: {}, children: [], text: "" };
      for (const [, key, single, double] of attributes!.matchAll(/([\w:.-]+)=(?:'([^']*)'|"([^"]*)")/g)) element.attributes[key!] = plain(single ?? double!);
      open.at(-1)!.children.push(element);
      if (empty === undefined) open.push(element);
    }
  }
  return root.children[0]!;
}

/** The elements at a path of names. */
export function all(from: Element, ...path: string[]): Element[] {
  return path.reduce((found, name) => found.flatMap((element) => element.children.filter((child) => child.name === name)), [from]);
}
export const one = (from: Element, ...path: string[]): Element | undefined => all(from, ...path)[0];
export const textAt = (from: Element, ...path: string[]): string | undefined => one(from, ...path)?.text;
