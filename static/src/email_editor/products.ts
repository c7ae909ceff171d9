// Products chosen by hand: found by name, kept by their ids.

import { h, iconButton } from "./dom";

interface Product {
  id: string;
  title: string;
}

const PAUSE_MS = 250;

export class PickedProducts {
  readonly element: HTMLElement;
  readonly #url: string;
  readonly #most: number;
  readonly #set: (ids: string) => void;
  readonly #list = h("ul", { class: "e-picked" });
  readonly #found = h("ul", { class: "e-picked", "aria-live": "polite" });
  #chosen: Product[] = [];

  constructor(url: string, ids: string, most: number, set: (ids: string) => void) {
    this.#url = url;
    this.#most = most;
    this.#set = set;
    const input = h("input", { class: "input", type: "search", placeholder: "Find a product", "aria-label": "Find a product" });
    let timer = 0;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => void this.#search(input.value), PAUSE_MS);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
    this.element = h("div", { class: "e-products" }, this.#list, input, this.#found);
    if (ids) void this.#load(ids);
  }

  async #load(ids: string): Promise<void> {
    const known = await this.#ask({ ids });
    this.#chosen = ids.split(",").map((id) => known.find((each) => each.id === id) ?? { id, title: `Product ${id}, not on sale` });
    this.#draw();
  }

  async #search(text: string): Promise<void> {
    const found = text.trim() ? await this.#ask({ q: text }) : [];
    this.#found.replaceChildren(
      ...found
        .filter((each) => !this.#chosen.some((other) => other.id === each.id))
        .map((each) => h("li", {}, h("button", { type: "button", class: "e-found", on: { click: () => this.#add(each) } }, each.title))),
    );
  }

  async #ask(query: Record<string, string>): Promise<Product[]> {
    const answer = await fetch(`${this.#url}?${new URLSearchParams(query)}`, { headers: { Accept: "application/json" } });
    return answer.ok ? ((await answer.json()) as { products: Product[] }).products : [];
  }

  #add(product: Product): void {
    this.#chosen = [...this.#chosen, product].slice(-this.#most);
    this.#changed();
  }

  #changed(): void {
    this.#set(this.#chosen.map((each) => each.id).join(","));
    this.#found.replaceChildren();
    this.#draw();
  }

  #draw(): void {
    this.#list.replaceChildren(
      ...this.#chosen.map((each) =>
        h(
          "li",
          { class: "e-chosen" },
          h("span", { class: "break-words" }, each.title),
          iconButton(`Take out ${each.title}`, "x", () => {
            this.#chosen = this.#chosen.filter((other) => other.id !== each.id);
            this.#changed();
          }),
        ),
      ),
    );
  }
}
