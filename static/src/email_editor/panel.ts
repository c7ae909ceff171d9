// What can be set on the part that is chosen.

import type { Component } from "grapesjs";

import { PicturePicker } from "../pictures/picker";
import type { Picture } from "../pictures/sending";
import { h, icon } from "./dom";
import { attributesOf } from "./canvas";
import { PARTS } from "./parts";
import type { PartKind } from "./parts";
import { PickedProducts } from "./products";
import { canBeShownToSome, SHOW_TO, ShowingFields } from "./showing";
import type { BlockKind, Setting, Told } from "./told";

export class Panel {
  readonly #host: HTMLElement;
  readonly #told: Told;
  readonly #productsUrl: string;
  readonly #picker: PicturePicker;
  #part: Component | undefined;

  constructor(host: HTMLElement, told: Told, productsUrl: string, picker: PicturePicker) {
    this.#host = host;
    this.#told = told;
    this.#productsUrl = productsUrl;
    this.#picker = picker;
  }

  /** Let somebody choose a picture for a part; it brings its words unless the part has some. */
  choosePicture(part: Component): void {
    this.#picker.open((picture) => {
      part.set("src", picture.url);
      part.addAttributes({ src: picture.url, ...wordsOf(part, picture) });
      this.#draw();
    });
  }

  /** Show a part; the focus is left where it is. */
  show(part: Component | undefined): void {
    this.#part = part;
    this.#draw();
  }

  #draw(): void {
    const part = this.#part;
    const kind = part && this.#kindOf(part);
    if (!part || !kind) {
      this.#host.replaceChildren(h("p", { class: "small soft" }, "Choose a part of the mail to set it, or add one."));
      return;
    }
    const said = attributesOf(part);
    const fields = kind.settings.filter((each) => isShown(each, kind.settings, said)).map((each) => this.#field(part, each, said));
    this.#host.replaceChildren(
      h("h3", { class: "e-panel-title" }, kind.label),
      ...("help" in kind && kind.help ? [h("p", { class: "small soft" }, kind.help)] : []),
      ...("hasWords" in kind && kind.hasWords ? [this.#words(part)] : []),
      ...fields,
      ...this.#showing(part, said),
      ...(part.get("tagName") === "mj-text" ? [h("p", { class: "small soft" }, "Double-click the text in the mail to write. {{ person.first_name | default: \"there\" }} greets by name.")] : []),
    );
  }

  #kindOf(part: Component): BlockKind | PartKind | undefined {
    const tag = String(part.get("tagName") ?? "");
    return this.#told.blocks.find((kind) => kind.tag === tag) ?? PARTS[tag];
  }

  #showing(part: Component, said: Record<string, string>): HTMLElement[] {
    if (!canBeShownToSome(String(part.get("tagName") ?? ""))) return [];
    const set = (next: string): void => {
      if (next) part.addAttributes({ [SHOW_TO]: next });
      else part.removeAttributes(SHOW_TO);
    };
    return [new ShowingFields(this.#told.readers, said[SHOW_TO] ?? "", set).element];
  }

  #words(part: Component): HTMLElement {
    const input = h("input", { class: "input", id: "e-words", type: "text" });
    input.value = part.components().models.map((child) => child.toHTML()).join("");
    input.addEventListener("change", () => {
      part.components(input.value);
      part.view?.render();
    });
    return field("Words", input, "");
  }

  #field(part: Component, each: Setting, said: Record<string, string>): HTMLElement {
    // A new picture shows a grey box, which nobody chose.
    const given = said[each.name] ?? each.default;
    const value = each.kind === "picture" && given.startsWith("data:") ? "" : given;
    const set = (next: string): void => {
      const clean = next.replace(/"/g, "'");
      if (each.name === "src") part.set("src", clean);
      part.addAttributes({ [each.name]: clean });
      if (each.kind === "choice") this.#redrawKeepingFocus();
    };
    if (each.kind === "products" || each.kind === "product") {
      const picked = new PickedProducts(this.#productsUrl, value, each.kind === "product" ? 1 : 12, set);
      return h("div", { class: "field", role: "group", "aria-label": each.label }, h("span", { class: "e-label" }, each.label), picked.element, help(each.help));
    }
    if (each.kind === "picture") return this.#picture(part, each, value, set);
    return field(each.kind === "pixels" ? `${each.label}, pixels` : each.label, this.#control(each, value, set), each.help);
  }

  #picture(part: Component, each: Setting, value: string, set: (next: string) => void): HTMLElement {
    const opener = h("button", { type: "button", class: "button button-small", on: { click: () => this.choosePicture(part) } }, icon("image"), value ? "Choose another" : "Choose a picture");
    const isShown = value !== "" && !value.includes("{");
    const shown = isShown ? h("div", { class: "p-chosen" }, h("img", { src: value, alt: "" })) : null;
    return h("div", { class: "form" }, h("div", { class: "field" }, h("span", { class: "e-label" }, each.label), shown, opener), field("Its address", this.#control(each, value, set), each.help));
  }

  #control(each: Setting, value: string, set: (next: string) => void): HTMLElement {
    const id = `e-${each.name}`;
    if (each.kind === "choice" || each.kind === "coupon" || each.kind === "category") {
      const select = h("select", { class: "input", id }, ...this.#choices(each).map(([key, words]) => h("option", { value: key }, words)));
      select.value = value;
      select.addEventListener("change", () => set(select.value));
      return select;
    }
    const isNumber = each.kind === "number" || each.kind === "pixels";
    const input = h("input", {
      class: "input",
      id,
      type: each.kind === "colour" ? "color" : isNumber ? "number" : "text",
      ...(isNumber ? { min: each.low, max: each.high } : {}),
    });
    input.value = each.kind === "pixels" ? value.replace("px", "") : value || (each.kind === "colour" ? "#ffffff" : "");
    input.addEventListener("change", () => {
      if (!input.reportValidity()) return;
      set(each.kind === "pixels" && input.value ? `${input.value}px` : input.value);
    });
    return input;
  }

  #choices(each: Setting): [string, string][] {
    if (each.kind === "coupon") return [["", "Choose one"], ...this.#told.coupons];
    if (each.kind === "category") return [["", "All categories"], ...this.#told.categories.map((name): [string, string] => [name, name])];
    return each.choices;
  }

  #redrawKeepingFocus(): void {
    const id = document.activeElement?.id;
    this.#draw();
    if (id) document.getElementById(id)?.focus();
  }
}

function wordsOf(part: Component, picture: Picture): Record<string, string> {
  const alt = picture.alt.replace(/"/g, "'");
  return alt && !attributesOf(part)["alt"] ? { alt } : {};
}

function isShown(each: Setting, all: readonly Setting[], said: Record<string, string>): boolean {
  const [name, wanted] = each.when;
  const value = (key: string): string => said[key] ?? all.find((other) => other.name === key)?.default ?? "";
  if (name) return value(name) === wanted;
  // What is chosen by hand is neither counted nor of a category.
  return !(value("source") === "chosen" && (each.name === "count" || each.name === "category"));
}

function field(label: string, control: HTMLElement, words: string): HTMLElement {
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, help(words));
}

function help(words: string): HTMLElement | null {
  return words ? h("p", { class: "field-help" }, words) : null;
}
