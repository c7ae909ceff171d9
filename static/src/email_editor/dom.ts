// Elements and icons of the page, as the editor draws them.

type Child = globalThis.Node | string | null;
type Listeners = { [name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[name]) => void };
export type Props = Record<string, unknown> & { on?: Listeners };

/** Make an element; attributes that are null are left out. */
export function h<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name !== "on" && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  for (const [name, listen] of Object.entries(props.on ?? {})) made.addEventListener(name, listen as EventListener);
  made.append(...children.filter((child): child is globalThis.Node | string => child !== null && child !== ""));
  return made;
}

/** Draw an icon of the page's sprite, 16 pixels. */
export function icon(name: string): SVGElement {
  const space = "http://www.w3.org/2000/svg";
  const made = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  made.setAttribute("class", "icon icon-16");
  made.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  made.append(use);
  return made;
}

/** A button that shows an icon alone; its words are read out and shown on hover. */
export function iconButton(words: string, symbol: string, press: () => void, title = words): HTMLButtonElement {
  const props = { type: "button", class: "button button-quiet button-small button-icon", "aria-label": words, title, on: { click: press } };
  return h("button", props, icon(symbol));
}
