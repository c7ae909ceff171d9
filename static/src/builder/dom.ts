// Elements, in one call each.

export type Child = globalThis.Node | string | null | false;
type Value = string | number | boolean | null | undefined;

interface Props {
  class?: string;
  on?: { [name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[name]) => void };
  [attribute: string]: unknown;
}

/** Make an element; an attribute that is false, null or undefined is left out, true is empty. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: readonly (Child | readonly Child[])[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  const { on, ...attributes } = props;
  for (const [name, value] of Object.entries(attributes) as [string, Value][]) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [name, listener] of Object.entries(on ?? {})) {
    element.addEventListener(name, listener as EventListener);
  }
  element.append(...children.flat().filter((child): child is globalThis.Node | string => !!child));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** Draw an icon of the page's sprite. */
export function icon(name: string, size = 16): SVGElement {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", size === 16 ? "icon icon-16" : "icon");
  drawing.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  drawing.append(use);
  return drawing;
}

export function button(label: string, symbol: string, press: () => void, props: Props = {}): HTMLButtonElement {
  return h(
    "button",
    { type: "button", class: "button button-quiet button-small", on: { click: press }, ...props },
    symbol ? icon(symbol) : null,
    label,
  );
}

/** A button that shows only an icon; its label is read out and shown on hover. */
export function iconButton(label: string, symbol: string, press: () => void, props: Props = {}): HTMLButtonElement {
  return h(
    "button",
    {
      type: "button",
      class: "button button-quiet button-small button-icon",
      "aria-label": label,
      title: label,
      on: { click: press },
      ...props,
    },
    icon(symbol),
  );
}
