// Who sees a part: what its attribute says, and the fields that set it.

import { h } from "./dom";
import type { ReaderTrait } from "./told";

export const SHOW_TO = "show-to";
const CONDITION = /^(?:(else) )?(?:(property) (.+?)|([a-z_]+)) is (not )?(.+)$/;
const WHOLE = new Set(["mjml", "mj-body", "mj-column", "mj-group", "mj-raw"]);
const EVERYBODY = "";
const ONLY = "only";
const ELSE_ONLY = "else-only";
const ELSE = "else";

/** A condition taken apart; `way` says whether it goes on from the part above. */
interface Shown {
  way: string;
  trait: string;
  key: string;
  isNot: boolean;
  value: string;
}

/** Whether an element can be shown to some people alone. */
export function canBeShownToSome(tag: string): boolean {
  return tag.startsWith("mj-") && !WHOLE.has(tag);
}

export function readShown(said: string, traits: readonly ReaderTrait[]): Shown {
  const clean = said.trim();
  const found = CONDITION.exec(clean);
  const first = traits[0]?.key ?? "country";
  if (!found) return { way: clean === ELSE ? ELSE : EVERYBODY, trait: first, key: "", isNot: false, value: "" };
  return { way: found[1] ? ELSE_ONLY : ONLY, trait: found[2] ?? found[4] ?? first, key: found[3] ?? "", isNot: Boolean(found[5]), value: found[6] ?? "" };
}

export function writeShown(shown: Shown): string {
  if (shown.way === EVERYBODY || shown.way === ELSE) return shown.way;
  if (!shown.value.trim() || (shown.trait === "property" && !shown.key.trim())) return EVERYBODY;
  const asked = shown.trait === "property" ? `property ${shown.key.trim()}` : shown.trait;
  return `${shown.way === ELSE_ONLY ? "else " : ""}${asked} is ${shown.isNot ? "not " : ""}${shown.value.trim()}`;
}

/** What a part says of its readers in a few words; empty where everybody sees it. */
export function speakShown(said: string, traits: readonly ReaderTrait[]): string {
  const shown = readShown(said, traits);
  if (shown.way === EVERYBODY) return "";
  if (shown.way === ELSE) return "Everybody else";
  const trait = traits.find((each) => each.key === shown.trait);
  const names = new Map(trait?.choices);
  const values = shown.value.split(",").map((each) => names.get(each.trim()) ?? each.trim());
  const asked = shown.key || trait?.label || shown.trait;
  return `${shown.way === ELSE_ONLY ? "Else " : ""}${asked} is ${shown.isNot ? "not " : ""}${values.join(" or ")}`;
}

/** The fields; what is half filled in is kept here and shows the part to everybody until it is whole. */
export class ShowingFields {
  readonly element = h("fieldset", { class: "e-showing" });
  readonly #traits: readonly ReaderTrait[];
  readonly #set: (said: string) => void;
  #shown: Shown;

  constructor(traits: readonly ReaderTrait[], said: string, set: (said: string) => void) {
    this.#traits = traits;
    this.#set = set;
    this.#shown = readShown(said, traits);
    this.#draw();
  }

  #change(part: Partial<Shown>): void {
    this.#shown = { ...this.#shown, ...part };
    this.#set(writeShown(this.#shown));
    const id = document.activeElement?.id;
    this.#draw();
    if (id) document.getElementById(id)?.focus();
  }

  #draw(): void {
    const { way } = this.#shown;
    const ways: [string, string][] = [
      [EVERYBODY, "Everybody"],
      [ONLY, "Only some people"],
      [ELSE_ONLY, "Some of the others"],
      [ELSE, "All the others"],
    ];
    this.element.replaceChildren(
      h("legend", {}, "Who sees it"),
      this.#select("way", "Shown to", ways, way, (next) => this.#change({ way: next })),
      ...(way === ELSE || way === ELSE_ONLY ? [h("p", { class: "field-help" }, "The others are those who do not see the part above.")] : []),
      ...(way === ONLY || way === ELSE_ONLY ? this.#condition() : []),
    );
  }

  #condition(): HTMLElement[] {
    const { trait, key, isNot, value } = this.#shown;
    const traits = this.#traits.map((each): [string, string] => [each.key, each.label]);
    const isNots: [string, string][] = [
      ["", "is"],
      ["not", "is not"],
    ];
    return [
      this.#select("trait", "By", traits, trait, (next) => this.#change({ trait: next, value: "" })),
      ...(trait === "property" ? [this.#text("key", "Property", key, "Such as favourite_colour.", (next) => this.#change({ key: next }))] : []),
      this.#select("is-not", "That", isNots, isNot ? "not" : "", (next) => this.#change({ isNot: next === "not" })),
      this.#value(trait, value),
    ];
  }

  #value(trait: string, value: string): HTMLElement {
    const choices = this.#traits.find((each) => each.key === trait)?.choices ?? [];
    const set = (next: string): void => this.#change({ value: next });
    if (choices.length === 0) return this.#text("value", "Value", value, VALUE_HELP[trait] ?? VALUE_HELP["property"] ?? "", set);
    // Several stand in the code alone; the list keeps them as one choice.
    const own: [string, string][] = value && !choices.some(([each]) => each === value) ? [[value, speakShown(`${trait} is ${value}`, this.#traits)]] : [];
    return this.#select("value", "Which", [["", "Choose one"], ...choices, ...own], value, set);
  }

  #select(name: string, label: string, choices: [string, string][], value: string, set: (next: string) => void): HTMLElement {
    const id = `e-show-${name}`;
    const select = h("select", { class: "input", id }, ...choices.map(([each, words]) => h("option", { value: each }, words)));
    select.value = value;
    select.addEventListener("change", () => set(select.value));
    return h("div", { class: "field" }, h("label", { for: id }, label), select);
  }

  #text(name: string, label: string, value: string, words: string, set: (next: string) => void): HTMLElement {
    const id = `e-show-${name}`;
    const input = h("input", { class: "input", id, type: "text" });
    input.value = value;
    input.addEventListener("change", () => set(input.value.replace(/[<>{}%"\\]/g, "")));
    return h("div", { class: "field" }, h("label", { for: id }, label), input, h("p", { class: "field-help" }, words));
  }
}

const VALUE_HELP: Record<string, string> = {
  country: "Two letters such as DE; several with commas between.",
  language: "Such as de or de-AT; several with commas between.",
  property: "Several with commas between; one of them is enough.",
};
