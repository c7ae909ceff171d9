// The list of everything that can be asked: typed words narrow it, arrows choose, Enter takes.

import { h, icon } from "./dom";
import { listEntries, offerEvent } from "./kinds";
import type { Entry } from "./kinds";
import type { Language } from "./language";
import type { Values } from "./values";

export class Picker {
  readonly #dialog: HTMLDialogElement;
  readonly #input: HTMLInputElement;
  readonly #found: HTMLElement;
  readonly #entries: Entry[];
  readonly #values: Values;
  #events: Entry[] = [];
  #shown: Entry[] = [];
  #chosen = 0;
  #take: (entry: Entry) => void = () => undefined;

  constructor(language: Language, values: Values) {
    this.#values = values;
    this.#entries = listEntries(language);
    this.#found = h("div", { class: "palette-found", id: "b-picker-found", role: "listbox", "aria-label": "Conditions" });
    this.#input = h("input", {
      type: "search",
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "What do you want to ask?",
      "aria-label": "Find a condition",
      "aria-autocomplete": "list",
      "aria-expanded": "true",
      "aria-controls": this.#found.id,
      on: { input: () => this.#show(), keydown: (event) => this.#key(event) },
    });
    const close = h("button", { type: "button", class: "button button-quiet button-icon button-small palette-close", "aria-label": "Close", "data-dialog-close": true }, icon("x"));
    this.#dialog = h(
      "dialog",
      { class: "dialog palette", "aria-label": "Add a condition" },
      h("div", { class: "palette-field" }, icon("search", 18), this.#input, close),
      this.#found,
      h(
        "div",
        { class: "palette-foot wide-only" },
        h("span", {}, h("kbd", { class: "kbd" }, "↑"), " ", h("kbd", { class: "kbd" }, "↓"), " choose"),
        h("span", {}, h("kbd", { class: "kbd" }, "Enter"), " add"),
        h("span", {}, h("kbd", { class: "kbd" }, "Esc"), " close"),
      ),
    );
    this.#found.addEventListener("click", (event) => this.#press(event));
    document.body.append(this.#dialog);
  }

  open(take: (entry: Entry) => void): void {
    this.#take = take;
    this.#input.value = "";
    this.#dialog.showModal();
    this.#show();
    this.#values.list({ of: "event" }).then(
      (events) => {
        this.#events = events.map(({ value }) => offerEvent(value));
        if (this.#dialog.open) this.#show(this.#chosen);
      },
      () => undefined,
    );
  }

  #show(chosen = 0): void {
    const words = this.#input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (entry: Entry): boolean => {
      const text = `${entry.label} ${entry.also} ${entry.group}`.toLowerCase();
      return words.every((word) => text.includes(word));
    };
    const known = [...this.#entries, ...this.#events].filter(fits);
    const isSearch = words.length > 0;
    const ranked = isSearch ? known.map((entry) => ({ entry, rank: rank(entry, words) })).sort((a, b) => a.rank - b.rank).map(({ entry }) => entry) : known;
    const usable = ranked.filter((entry) => !entry.missing);
    const missing = isSearch ? ranked.filter((entry) => entry.missing) : [];
    this.#shown = isSearch ? usable : byGroup(usable);
    this.#found.replaceChildren(...this.#draw(isSearch), ...missing.map(drawMissing));
    if (this.#found.childElementCount === 0) {
      this.#found.append(h("p", { class: "palette-none" }, "Nothing is called that. Try “bought”, “email” or “days since”."));
    }
    this.#choose(chosen);
  }

  #draw(isSearch: boolean): HTMLElement[] {
    const hits = this.#shown.map((entry, index) => drawEntry(entry, index, isSearch));
    if (isSearch) return hits;
    const groups = new Map<string, HTMLElement[]>();
    this.#shown.forEach((entry, index) => {
      const hit = hits[index];
      if (hit) groups.set(entry.group, [...(groups.get(entry.group) ?? []), hit]);
    });
    return [...groups].map(([name, members]) =>
      h("div", { role: "group", "aria-label": name }, h("p", { class: "menu-label", "aria-hidden": "true" }, name), members),
    );
  }

  #choose(index: number): void {
    const hits = [...this.#found.querySelectorAll<HTMLElement>("[role=option]:not([aria-disabled])")];
    this.#chosen = hits.length ? (index + hits.length) % hits.length : 0;
    hits.forEach((hit, place) => hit.setAttribute("aria-selected", String(place === this.#chosen)));
    const hit = hits[this.#chosen];
    this.#input.setAttribute("aria-activedescendant", hit?.id ?? "");
    if (this.#chosen === 0) this.#found.scrollTop = 0;
    else hit?.scrollIntoView({ block: "nearest" });
  }

  #key(event: KeyboardEvent): void {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by !== undefined) {
      event.preventDefault();
      this.#choose(this.#chosen + by);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      this.#finish(this.#chosen);
    }
  }

  #press(event: Event): void {
    const hit = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-index]") : null;
    if (hit) this.#finish(Number(hit.dataset["index"]));
  }

  #finish(index: number): void {
    const entry = this.#shown[index];
    if (!entry) return;
    this.#dialog.close();
    this.#take(entry);
  }
}

/** What begins with the words comes first, then what holds them in its name. */
function rank(entry: Entry, words: readonly string[]): number {
  const label = entry.label.toLowerCase();
  const whole = words.join(" ");
  if (label.startsWith(whole)) return 0;
  if (label.includes(whole)) return 1;
  return words.every((word) => label.includes(word)) ? 2 : 3;
}

const ORDER = ["What they bought", "What they did", "Permission", "Orders", "Segments and groups"];

function byGroup(entries: readonly Entry[]): Entry[] {
  const names = [...new Set([...ORDER, ...entries.map(({ group }) => group)])];
  return names.flatMap((name) => entries.filter(({ group }) => group === name));
}

function drawEntry(entry: Entry, index: number, showsGroup: boolean): HTMLElement {
  return h(
    "div",
    { class: "menu-item palette-hit", role: "option", id: `b-pick-${index}`, "data-index": index, "aria-selected": "false" },
    icon(entry.icon, 18),
    h("span", { class: "palette-title" }, entry.label),
    showsGroup && h("span", { class: "palette-detail" }, entry.group),
  );
}

function drawMissing(entry: Entry): HTMLElement {
  return h(
    "div",
    { class: "menu-item palette-hit b-missing", role: "option", "aria-disabled": "true", "aria-selected": "false" },
    icon("blocked", 18),
    h("span", { class: "palette-title" }, entry.label),
    h("span", { class: "palette-detail" }, `not yet: ${entry.missing}`),
  );
}
