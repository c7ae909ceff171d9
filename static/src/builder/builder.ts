// Puts the parts together: what is edited, what is drawn, what the form sends, who would be in it.

import { Actions } from "./actions";
import { drawCanvas } from "./canvas";
import type { Act, Scene } from "./canvas";
import { Combos } from "./combo";
import type { Edited } from "./cursor";
import { button, h, iconButton } from "./dom";
import { startDrag } from "./drag";
import { showFault } from "./faults";
import { isObject } from "./json";
import type { Json } from "./json";
import { startKeys } from "./keys";
import type { Entry } from "./kinds";
import { Language } from "./language";
import { Live } from "./live";
import type { Look } from "./live";
import { Picker } from "./picker";
import { Store } from "./store";
import type { Change } from "./store";
import { exchange, find, leavesOf, pathsOf, readRoot, writeRoot } from "./tree";
import type { Group, Leaf, Op } from "./tree";
import { Values } from "./values";

export class Builder {
  readonly #holder: HTMLElement;
  readonly #source: HTMLTextAreaElement;
  readonly #form: HTMLFormElement;
  readonly #language: Language;
  readonly #store: Store;
  readonly #actions: Actions;
  readonly #values: Values;
  readonly #combos: Combos;
  readonly #picker: Picker;
  readonly #live: Live;
  readonly #scene: Scene;
  readonly #host = h("div", { class: "b-host" });
  readonly #status = h("p", { class: "sr-only", role: "status" });
  readonly #count = h("a", { class: "b-count", href: "#impact", hidden: true });
  readonly #broken = h("p", { class: "b-fault", hidden: true }, "The JSON below is not valid: the conditions show what it was before.");
  readonly #undo = iconButton("Undo", "undo", () => this.undo(), { title: "Undo (Ctrl Z)" });
  readonly #redo = iconButton("Redo", "redo", () => this.redo(), { title: "Redo (Ctrl Shift Z)" });
  readonly #toggle: HTMLButtonElement;
  readonly #opened = new Set<number>();
  /** Conditions that somebody has left once: what is missing in them is said. */
  readonly #touched = new Set<number>();
  #isPressed = false;
  #looks = new Map<string, Look>();
  /** Whether the looks are of what stands there now. */
  #isLooked = false;
  #isWriting = false;

  constructor(holder: HTMLElement, source: HTMLTextAreaElement, form: HTMLFormElement, told: ConstructorParameters<typeof Language>[0]) {
    this.#holder = holder;
    this.#source = source;
    this.#form = form;
    this.#language = new Language(told);
    this.#store = new Store(readRoot(readSource(source) ?? null), (change) => this.#changed(change));
    this.#actions = new Actions(this.#store);
    this.#values = new Values(holder.dataset["valuesUrl"] ?? "");
    this.#combos = new Combos(this.#values, (words) => this.#say(words));
    this.#picker = new Picker(this.#language, this.#values);
    this.#live = new Live(holder.dataset["previewUrl"] ?? "", form, (looks, said) => this.#looked(looks, said));
    this.#toggle = this.#drawToggle();
    this.#scene = {
      language: this.#language,
      actions: this.#actions,
      tools: { language: this.#language, combos: this.#combos, replace: (id) => this.#replace(id) },
      opened: this.#opened,
      edit: (leaf) => this.#edit(leaf),
      addTo: (group, inside) => this.#addTo(group, inside),
      act: (id, what) => this.act(id, what),
      setOp: (group, op) => this.#actions.setOp(group.id, op),
      toggleJson: (id) => this.#toggleJson(id),
    };
  }

  start(): void {
    const zone = `Days are days in ${this.#language.zone}; amounts are in ${this.#language.currency}.`;
    this.#holder.replaceChildren(
      h("div", { class: "b-bar" }, h("h2", { class: "b-title" }, "Who is in it"), this.#count, h("span", { class: "push" }), this.#undo, this.#redo, this.#toggle),
      this.#broken,
      this.#host,
      h("p", { class: "b-note" }, zone),
      h("p", { class: "sr-only", id: "b-move-help" }, "Press an arrow key to move it, Delete to delete it."),
      this.#combos.box,
      this.#status,
    );
    this.#holder.hidden = false;
    this.#broken.hidden = readSource(this.#source) !== undefined;
    if (!this.#broken.hidden) this.#openSource();
    // The summary of errors leads to what is wrong, which is seldom the JSON itself.
    this.#form.querySelector(`a[href="#${this.#source.id}"]`)?.addEventListener("click", () => {
      if (!this.#showFirstFault()) this.#openSource();
    });
    this.#touchAll();
    this.#redraw();
    startKeys(this.#holder, this);
    startDrag(this.#host, (id, groupId, index) => {
      this.#say(this.#actions.moveTo(id, groupId, index));
      this.#focus(`b${id}grip`);
    });
    this.#source.addEventListener("input", () => this.#readSource());
    this.#form.addEventListener("submit", (event) => this.#refuse(event));
    this.#host.addEventListener("focusout", (event) => this.#leave(event));
    document.addEventListener("pointerdown", () => (this.#isPressed = true), true);
    for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, () => (this.#isPressed = false), true);
    this.#live.ask(writeRoot(this.#store.root), 0);
    void this.#learn();
    const { group } = this.#actions;
    if (this.#language.isEager && this.#broken.hidden && group.children.length === 0) this.#addTo(group);
  }

  undo(): void {
    this.#say(this.#store.undo() ? "Undone." : "There is nothing to undo.");
  }

  redo(): void {
    this.#say(this.#store.redo() ? "Done again." : "There is nothing to do again.");
  }

  /** Do something with a part; the focus stays on it, or goes to what is next when it is gone. */
  act(id: number, what: Act): void {
    const active = document.activeElement;
    const kept = active?.closest(".menu") ? `b${id}more` : (active?.id ?? "");
    const next = this.#nextOf(id);
    switch (what) {
      case "up":
      case "down":
        this.#say(this.#actions.step(id, what === "up" ? -1 : 1));
        break;
      case "into":
        this.#say(this.#actions.into(id));
        break;
      case "out":
        this.#say(this.#actions.out(id));
        break;
      case "duplicate":
        this.#focus(`b${this.#actions.duplicate(id)}grip`);
        this.#touchAll();
        this.#say("Duplicated.");
        return;
      case "expand":
        this.#actions.expanded.add(id);
        this.#redraw();
        break;
      case "remove":
        this.#actions.remove(id);
        this.#say("Deleted.");
        break;
      default:
        this.#actions[what](id);
        this.#say(what === "negate" ? "Negated." : "");
    }
    if (!this.#focus(kept) && !this.#focus(`b${id}grip`)) this.#focus(next);
  }

  #nextOf(id: number): string {
    const place = find(this.#actions.group, id);
    const beside = place?.parent?.children[place.index + 1] ?? place?.parent?.children[place.index - 1];
    return beside ? `b${beside.id}grip` : `b${this.#actions.group.id}add`;
  }

  #addTo(group: Group, inside?: Op): void {
    this.#picker.open((entry: Entry) => {
      const id = this.#actions.add(group.id, entry.begin(), inside);
      this.#focusFirst(id);
    });
  }

  #replace(nameId: string): void {
    const id = Number(/^b(\d+)/.exec(nameId)?.[1]);
    this.#picker.open((entry) => {
      this.#touched.delete(id);
      this.#actions.change(id, entry.begin());
      this.#focusFirst(id);
    });
  }

  #edit(leaf: Leaf): Edited {
    const read = (): Json => {
      const found = find(this.#actions.group, leaf.id)?.node;
      return found?.kind === "leaf" ? found.raw : leaf.raw;
    };
    const write = (raw: Json, change: Change): void => {
      const { root } = this.#store;
      const group = exchange(root.group, leaf.id, (node) => (node.kind === "leaf" ? { ...node, raw } : node));
      this.#store.commit({ ...root, group }, change);
    };
    return { id: leaf.id, read, write };
  }

  #changed(change: Change): void {
    this.#isLooked = false;
    this.#isWriting = true;
    const json = writeRoot(this.#store.root);
    if (change.mark !== "source") {
      this.#source.value = json === null ? "" : JSON.stringify(json, null, 2);
      // The form keeps what is not saved yet from being lost.
      this.#source.dispatchEvent(new Event("input", { bubbles: true }));
      this.#broken.hidden = true;
    }
    this.#isWriting = false;
    if (!change.isQuiet) this.#redraw();
    this.#undo.disabled = !this.#store.canUndo;
    this.#redo.disabled = !this.#store.canRedo;
    this.#live.ask(json);
  }

  #readSource(): void {
    if (this.#isWriting) return;
    this.#isLooked = false;
    const json = readSource(this.#source);
    this.#broken.hidden = json !== undefined;
    if (json === undefined) return;
    this.#store.commit(readRoot(json), { mark: "source" });
    this.#touchAll();
    void this.#learn();
  }

  /** Learn what segments and products are called that stand in the definition by their ids. */
  async #learn(): Promise<void> {
    const raws = leavesOf(this.#actions.group).map((leaf) => leaf.raw).filter(isObject);
    const products = raws.flatMap((raw) => [raw["bought"], raw["not_bought"]]).filter(isObject);
    const listed = products.flatMap((goods) => goods["product"] ?? []).flat();
    const segments = raws.map((raw) => raw["segment"]).filter((id) => id !== undefined && id !== null && id !== "");
    try {
      await this.#values.learn("segment", segments.map(String));
      await this.#values.learn("product", listed.map(String));
    } catch {
      return;
    }
    if (segments.length > 0 || listed.length > 0) this.#redraw();
  }

  #redraw(): void {
    this.#combos.close();
    const active = document.activeElement;
    const kept = active && this.#holder.contains(active) ? active.id : "";
    const { group } = this.#actions;
    this.#host.replaceChildren(group.children.length === 0 ? this.#drawEmpty() : drawCanvas(group, this.#scene));
    this.#undo.disabled = !this.#store.canUndo;
    this.#redo.disabled = !this.#store.canRedo;
    if (kept && document.activeElement?.id !== kept) this.#focus(kept);
    this.#showFaults();
  }

  #drawEmpty(): HTMLElement {
    const { group } = this.#actions;
    const starters = this.#language.starters.map(({ name, definition }) =>
      h("button", { type: "button", class: "b-starter", on: { click: () => this.#begin(definition) } }, name),
    );
    return h(
      "div",
      { class: "b-empty" },
      h("p", { class: "b-empty-title" }, this.#language.question),
      starters.length > 0 && h("p", { class: "soft" }, "Add what they have in common. Everybody who fits is in it, and leaves by themselves."),
      h("button", { type: "button", class: "button button-primary", id: `b${group.id}add`, on: { click: () => this.#addTo(group) } }, "Add a condition"),
      starters.length > 0 && h("p", { class: "b-or" }, "or begin with one of these"),
      starters.length > 0 && h("div", { class: "b-starters" }, starters),
    );
  }

  #begin(definition: Json): void {
    this.#store.commit(readRoot(definition));
    this.#touchAll();
    this.#focus(`b${this.#actions.group.children[0]?.id ?? 0}grip`);
  }

  #drawToggle(): HTMLButtonElement {
    const toggle = button("Edit as JSON", "code", () => {
      if (this.#part?.hasAttribute("data-open")) this.#part.removeAttribute("data-open");
      else this.#openSource();
      toggle.setAttribute("aria-expanded", String(this.#part?.hasAttribute("data-open") ?? false));
    });
    toggle.setAttribute("aria-expanded", "false");
    if (this.#part) toggle.setAttribute("aria-controls", this.#part.id);
    return toggle;
  }

  get #part(): HTMLElement | null {
    return this.#source.closest<HTMLElement>("[data-builder-source]");
  }

  #openSource(): void {
    this.#part?.setAttribute("data-open", "");
    this.#toggle.setAttribute("aria-expanded", "true");
    this.#source.focus();
  }

  #toggleJson(id: number): void {
    const isOpen = this.#opened.delete(id);
    if (!isOpen) this.#opened.add(id);
    this.#redraw();
    if (!isOpen) this.#focus(`b${id}json`);
    else this.#focusFirst(id);
  }

  #looked(looks: readonly Look[], said: string): void {
    this.#looks = new Map(looks.map((look) => [look.path, look]));
    this.#isLooked = true;
    this.#count.textContent = said;
    this.#count.hidden = !said;
    if (said) this.#say(said);
    this.#showFaults();
  }

  #showFaults(): void {
    const paths = pathsOf(this.#store.root);
    for (const row of this.#host.querySelectorAll<HTMLElement>("[data-leaf]")) {
      const id = Number(row.dataset["leaf"]);
      const look = this.#looks.get(paths.get(id) ?? "");
      showFault(row, this.#touched.has(id) ? look : undefined);
      const words = row.querySelector("[data-said]");
      if (words && look?.words) words.textContent = look.words;
    }
  }

  #leave(event: FocusEvent): void {
    if (!(event.target instanceof Element) || !(event.relatedTarget instanceof Element)) return;
    const row = event.target.closest<HTMLElement>("[data-leaf]");
    if (!row || row.contains(event.relatedTarget)) return;
    this.#touched.add(Number(row.dataset["leaf"]));
    // What is missing moves whatever stands below: a button that is being pressed would slip away.
    if (this.#isPressed) document.addEventListener("pointerup", () => setTimeout(() => this.#showFaults()), { once: true });
    else this.#showFaults();
  }

  /** Keep a form with a condition that the server would refuse, and lead to it; else the server says why. */
  #refuse(event: SubmitEvent): void {
    if (!this.#isLooked || this.#source.closest("[data-open]")) return;
    this.#touchAll();
    if (!this.#showFirstFault()) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #showFirstFault(): boolean {
    const row = this.#host.querySelector<HTMLElement>(".is-faulty");
    row?.scrollIntoView({ block: "center" });
    (row?.querySelector<HTMLElement>("[aria-invalid]") ?? row?.querySelector<HTMLElement>("button"))?.focus();
    return row !== null;
  }

  #touchAll(): void {
    for (const leaf of leavesOf(this.#actions.group)) this.#touched.add(leaf.id);
    this.#showFaults();
  }

  #say(words: string): void {
    if (words) this.#status.textContent = words;
  }

  #focus(id: string): boolean {
    const element = id ? document.getElementById(id) : null;
    element?.focus({ preventScroll: false });
    return element !== null;
  }

  /** Go to what is missing in a condition, or else to what is most likely changed. */
  #focusFirst(id: number): void {
    const row = this.#host.querySelector<HTMLElement>(`[data-leaf="${id}"]`);
    const controls = [...(row?.querySelectorAll<HTMLElement>("[data-at]") ?? [])];
    const isEmpty = (control: HTMLElement): boolean =>
      (control instanceof HTMLInputElement || control instanceof HTMLSelectElement) && control.value === "";
    const first = controls.find(isEmpty) ?? controls.find((control) => control instanceof HTMLInputElement) ?? controls[0];
    (first ?? row?.querySelector<HTMLElement>("button"))?.focus();
  }
}

/** Return what the JSON says: null while it is empty, undefined where it is not valid. */
function readSource(source: HTMLTextAreaElement): Json | undefined {
  if (source.value.trim() === "") return null;
  try {
    return JSON.parse(source.value) as Json;
  } catch {
    return undefined;
  }
}
