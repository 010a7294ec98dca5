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

function created(real: Document["createElement"], tag: string): HTMLElement {
  if (tag === "style") return styleElement();
  const element = real.call(document, tag);
  if (tag === "span") element.setAttribute = setAttribute;
  return element;
}

/** The page's document, except that what is made with it sets no inline style. */
export function documentWithoutInlineStyles(): Document {
  const real = document.createElement;
  return new Proxy(document, {
    get(target, name) {
      if (name === "createElement") return (tag: string) => created(real, tag);
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? (value as () => unknown).bind(target) : value;
    },
  });
}

/** Does something that makes style elements with the page's own document. */
export function withoutInlineStyles(work: () => void): void {
  const real = document.createElement;
  document.createElement = ((tag: string) => (tag === "style" ? styleElement() : real.call(document, tag))) as typeof document.createElement;
  try {
    work();
  } finally {
    document.createElement = real;
  }
}
