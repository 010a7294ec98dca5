/**
 * The terminal writes its styles as text into style elements and attributes, which the page's content security policy
 * refuses. Here the same text becomes what scripts may set: a constructed style sheet, and the element's own style.
 */
function styleElement(): HTMLElement {
  const element: HTMLElement = Document.prototype.createElement.call(document, "template");
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  Object.defineProperty(element, "textContent", { set: (text: string) => void sheet.replaceSync(text), get: () => "" });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet);
    HTMLElement.prototype.remove.call(element);
  };
  return element;
}

function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

let users = 0;

/**
 * From now on elements that are made in this page set no inline style, however they are told to.
 * @returns ends it
 */
export function withoutInlineStyles(): () => void {
  if (users++ === 0) {
    const real = Document.prototype.createElement;
    document.createElement = ((tag: string, options?: ElementCreationOptions): HTMLElement => {
      if (tag === "style") return styleElement();
      const element = real.call(document, tag, options);
      if (tag === "span") element.setAttribute = setAttribute;
      return element;
    }) as typeof document.createElement;
  }
  let over = false;
  return () => {
    // What stands on the document itself hides what it has by its kind.
    if (!over && --users === 0) delete (document as Partial<Document>).createElement;
    over = true;
  };
}
