// A field with suggestions below it, for one value or several. What is not on the list is taken too,
// unless only what is listed can stand there.

import type { Cursor } from "./cursor";
import { h, icon } from "./dom";
import type { Query, Suggestion, Values } from "./values";

const PAUSE_MS = 120;
const GAP = 4;
const EDGE = 8;
const NONE = "Nothing is called that.";

export interface ComboOptions {
  label: string;
  placeholder?: string;
  query: Query;
  /** Only what is listed fits: its values are ids. */
  isListed?: boolean;
  /** What a value is called, where that is not the value itself. */
  speak?: (value: string) => string;
}

interface Shown {
  input: HTMLInputElement;
  hits: Suggestion[];
  chosen: number;
  take: (hit: Suggestion) => void;
}

/** The one list of suggestions of a builder: it belongs to whichever field asks. */
export class Combos {
  readonly #list = h("div", { id: "b-list", role: "listbox", "aria-label": "Suggestions" });
  readonly #none = h("p", { class: "b-none" }, NONE);
  /** What is shown below the field. */
  readonly box = h("div", { class: "popover b-list", popover: "manual" }, this.#list, this.#none);
  readonly #values: Values;
  readonly #say: (words: string) => void;
  #shown: Shown | null = null;
  #timer = 0;
  #asking: AbortController | null = null;

  constructor(values: Values, say: (words: string) => void) {
    this.#values = values;
    this.#say = say;
    // A press must not take the focus out of the field.
    this.box.addEventListener("pointerdown", (event) => event.preventDefault());
    this.box.addEventListener("click", (event) => this.#press(event));
    // The event comes late: by then the next field may have asked already.
    this.box.addEventListener("toggle", () => {
      if (this.#shown && !this.box.matches(":popover-open")) this.close();
    });
  }

  get values(): Values {
    return this.#values;
  }

  /** Make a field; `take` gets what is chosen of the list. */
  field(id: string, at: string, options: ComboOptions, value: string, take: (hit: Suggestion) => void): HTMLInputElement {
    const input = h("input", {
      class: "b-input b-text",
      type: "text",
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": this.#list.id,
      "aria-label": options.label,
      "data-at": at,
      id,
      value,
      placeholder: options.placeholder ?? "choose or type",
    });
    const ask = (): void => this.#ask(input, options, take);
    input.addEventListener("input", ask);
    input.addEventListener("click", ask);
    input.addEventListener("focus", () => {
      if (input.value === "") ask();
    });
    input.addEventListener("blur", () => this.close());
    input.addEventListener("keydown", (event) => this.#key(event, input, ask));
    return input;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    if (this.box.matches(":popover-open")) this.box.hidePopover();
    this.#shown?.input.setAttribute("aria-expanded", "false");
    this.#shown?.input.removeAttribute("aria-activedescendant");
    this.#shown = null;
  }

  #ask(input: HTMLInputElement, options: ComboOptions, take: (hit: Suggestion) => void): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#timer = window.setTimeout(() => {
      const text = input.dataset["isPristine"] === undefined ? input.value : "";
      this.#values.list({ ...options.query, text: text.trim() }, asking.signal).then(
        (hits) => {
          if (!asking.signal.aborted && document.activeElement === input) this.#show(input, hits, options, take);
        },
        () => {
          if (!asking.signal.aborted) this.close();
        },
      );
    }, PAUSE_MS);
  }

  #show(input: HTMLInputElement, hits: Suggestion[], options: ComboOptions, take: (hit: Suggestion) => void): void {
    const isNone = hits.length === 0;
    if (isNone && !options.isListed) {
      this.close();
      return;
    }
    this.#list.replaceChildren(...hits.map(drawHit));
    this.#list.hidden = isNone;
    this.#none.hidden = !isNone;
    if (isNone) this.#say(NONE);
    this.#shown = { input, hits, chosen: -1, take };
    if (!this.box.matches(":popover-open")) this.box.showPopover();
    place(this.box, input);
    input.setAttribute("aria-expanded", String(!isNone));
    if (options.isListed && input.value.trim()) this.#choose(0);
  }

  #choose(index: number): void {
    const shown = this.#shown;
    if (!shown || shown.hits.length === 0) return;
    shown.chosen = index < -1 ? shown.hits.length - 1 : index >= shown.hits.length ? -1 : index;
    const options = [...this.#list.querySelectorAll<HTMLElement>("[role=option]")];
    for (const [place, option] of options.entries()) {
      option.setAttribute("aria-selected", String(place === shown.chosen));
    }
    const option = options[shown.chosen];
    option?.scrollIntoView({ block: "nearest" });
    if (option) shown.input.setAttribute("aria-activedescendant", option.id);
    else shown.input.removeAttribute("aria-activedescendant");
  }

  #key(event: KeyboardEvent, input: HTMLInputElement, ask: () => void): void {
    const shown = this.#shown?.input === input ? this.#shown : null;
    if (event.isComposing || (event.altKey && (shown || event.key !== "ArrowDown"))) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (shown) this.#choose(shown.chosen + (event.key === "ArrowDown" ? 1 : -1));
      else ask();
    } else if (event.key === "Escape" && shown) {
      event.stopPropagation();
      this.close();
    } else if (event.key === "Enter" && shown && shown.chosen >= 0) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.#take(shown);
    }
  }

  #press(event: Event): void {
    const option = event.target instanceof Element ? event.target.closest<HTMLElement>("[role=option]") : null;
    const shown = this.#shown;
    if (!option || !shown) return;
    shown.chosen = Number(option.dataset["index"]);
    this.#take(shown);
  }

  #take(shown: Shown): void {
    const hit = shown.hits[shown.chosen];
    this.close();
    if (hit) shown.take(hit);
  }
}

function drawHit(hit: Suggestion, index: number): HTMLElement {
  return h(
    "div",
    { class: "b-hit", role: "option", id: `b-list-${index}`, "data-index": index, "aria-selected": "false" },
    h("span", { class: "b-hit-name" }, hit.label),
    hit.note ? h("span", { class: "b-hit-note" }, hit.note) : null,
  );
}

function place(list: HTMLElement, input: HTMLElement): void {
  const anchor = input.getBoundingClientRect();
  const left = Math.min(anchor.left, innerWidth - list.offsetWidth - EDGE);
  const below = anchor.bottom + GAP;
  const fits = below + list.offsetHeight <= innerHeight - EDGE;
  list.style.left = `${Math.max(EDGE, left)}px`;
  list.style.top = `${fits ? below : Math.max(EDGE, anchor.top - GAP - list.offsetHeight)}px`;
}

/** One word, chosen or typed. */
export function oneOf(combos: Combos, cursor: Cursor, options: ComboOptions, read: (text: string) => string | number = (text) => text): HTMLElement {
  const of = options.query["of"] ?? "";
  const shown = options.isListed ? (combos.values.nameOf(of, cursor.text) ?? cursor.text) : cursor.text;
  const input = combos.field(cursor.id, cursor.at, options, shown, (hit) => {
    input.value = options.isListed ? hit.label : hit.value;
    cursor.set(options.isListed ? hit.value : read(hit.value));
  });
  // What stands there already is no search: the first look shows everything.
  const rest = (): void => {
    if (shown) input.dataset["isPristine"] = "";
  };
  rest();
  input.addEventListener("focus", () => input.select());
  input.addEventListener("input", () => {
    delete input.dataset["isPristine"];
    if (!options.isListed) cursor.type(input.value ? read(input.value) : undefined);
  });
  if (options.isListed) {
    input.addEventListener("blur", () => {
      input.value = combos.values.nameOf(of, cursor.text) ?? cursor.text;
      rest();
    });
  }
  return input;
}

/** Several words as chips; Enter or a comma takes what was typed, Backspace the last one away. */
export function manyOf(
  combos: Combos,
  cursor: Cursor,
  options: ComboOptions,
  read: (text: string) => string | number = (text) => text,
): HTMLElement {
  const of = options.query["of"] ?? "";
  const { value } = cursor;
  const listed = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
  const words = listed.filter((one): one is string | number => typeof one === "string" || typeof one === "number");
  const add = (next: string | number): void => {
    if (!words.some((one) => one === next)) cursor.set([...words, next]);
    else input.value = "";
  };
  const take = (index: number): void => cursor.set(words.filter((_, place) => place !== index));
  const input = combos.field(`${cursor.id}`, cursor.at, { ...options, placeholder: words.length ? "or" : options.placeholder ?? "choose or type" }, "", (hit) =>
    add(options.isListed ? hit.value : read(hit.value)),
  );
  const takeTyped = (): void => {
    const typed = input.value.trim();
    if (typed && !options.isListed && input.isConnected) add(read(typed));
  };
  input.addEventListener("keydown", (event) => {
    const isComma = event.key === "," && !options.isListed;
    if (event.key === "Enter" || isComma) {
      event.preventDefault();
      combos.close();
      takeTyped();
    } else if (event.key === "Backspace" && input.value === "" && words.length > 0) {
      take(words.length - 1);
    }
  });
  // Drawn anew only once the focus has arrived where it goes.
  input.addEventListener("blur", () => setTimeout(takeTyped));
  const chips = words.map((one, index) => {
    const word = options.speak?.(String(one)) ?? String(one);
    const name = options.isListed ? (combos.values.nameOf(of, word) ?? word) : word;
    return h(
      "span",
      { class: "b-chip" },
      h("span", { class: "b-chip-word" }, name),
      h(
        "button",
        { type: "button", "aria-label": `Take out ${name}`, id: `${cursor.id}-x${index}`, on: { click: () => take(index) } },
        icon("x"),
      ),
    );
  });
  return h("span", { class: "b-many" }, chips, input);
}
