// Puts the parts together: what can be added, the canvas, the list of parts, and what is set.

import type { Component, Editor } from "grapesjs";

import { PicturePicker } from "../pictures/picker";
import { h, icon, iconButton } from "./dom";
import { bodyOf, openCanvas, writePart } from "./canvas";
import { fromCanvas, isBuilt, restoreLiquid, toCanvas } from "./mjml";
import { drawOutline } from "./outline";
import { Panel } from "./panel";
import { listNew } from "./parts";
import type { NewPart } from "./parts";
import type { Told } from "./told";
import { ASK_TEXT, TAKE_TEXT } from "../writing_help/told";
import type { Asked, Taken } from "../writing_help/told";

const WRITE_MS = 150;
const TEXT = listNew([]).find((part) => part.id === "text") as NewPart;

export class EmailEditor {
  readonly #holder: HTMLElement;
  readonly #source: HTMLTextAreaElement;
  readonly #told: Told;
  readonly #frame = h("div", { class: "e-canvas" });
  readonly #outline = h("ul", { class: "e-outline e-outline-top", "aria-label": "Parts of the mail" });
  readonly #panelHost = h("div", { class: "e-panel" });
  readonly #status = h("p", { class: "sr-only", role: "status" });
  readonly #undo = iconButton("Undo", "undo", () => this.#step("undo"), "Undo (Ctrl Z)");
  readonly #redo = iconButton("Redo", "redo", () => this.#step("redo"), "Redo (Ctrl Shift Z)");
  readonly #code: HTMLButtonElement;
  readonly #panel: Panel;
  #editor: Editor | undefined;
  #timer = 0;
  /** What the canvas wrote when it was last read or taken over; what follows by itself is no change. */
  #written = "";
  #isCode = false;

  constructor(holder: HTMLElement, source: HTMLTextAreaElement, told: Told) {
    this.#holder = holder;
    this.#source = source;
    this.#told = told;
    const picker = new PicturePicker(holder.dataset["picturesUrl"] ?? "", holder.dataset["uploadUrl"] ?? "");
    this.#panel = new Panel(this.#panelHost, told, holder.dataset["productsUrl"] ?? "", picker);
    this.#code = h("button", { type: "button", class: "button button-small", "aria-pressed": "false", on: { click: () => this.#toggleCode() } }, icon("code"), "Code");
  }

  start(): void {
    this.#holder.replaceChildren(this.#bar(), this.#body(), this.#status);
    this.#holder.hidden = false;
    this.#showSource(false);
    // The library gives its element a height; the one around it follows the page.
    const host = h("div");
    this.#frame.append(host);
    const editor = openCanvas(host, this.#told, (part) => this.#panel.choosePicture(part));
    this.#editor = editor;
    editor.on("load", () => this.#load());
    editor.on("component:selected component:deselected", () => this.#drawAround());
    editor.on("component:update component:add component:remove rte:disable", () => this.#changed());
    document.addEventListener("keydown", (event) => this.#keys(event));
    this.#source.form?.addEventListener("submit", () => this.#write());
    this.#holder.addEventListener(ASK_TEXT, (event) => {
      (event as CustomEvent<Asked>).detail.text = textOf(this.#chosenText());
    });
    this.#holder.addEventListener(TAKE_TEXT, (event) => this.#takeText((event as CustomEvent<Taken>).detail));
  }

  #chosenText(): Component | undefined {
    const chosen = this.#isCode ? undefined : this.#editor?.getSelected();
    return chosen?.get("tagName") === "mj-text" ? chosen : undefined;
  }

  /** Put words in the place of the chosen text, or into a new one; while code is shown nothing is taken. */
  #takeText(taken: Taken): void {
    if (this.#isCode || !this.#editor) return;
    if (!this.#chosenText()) this.#add(TEXT);
    const part = this.#chosenText();
    if (!part) return;
    part.set("content", "");
    part.components(asMarkup(taken.text));
    part.view?.render();
    taken.isTaken = true;
    this.#changed();
  }

  #bar(): HTMLElement {
    const width = (label: string, id: string): HTMLButtonElement =>
      h("button", { type: "button", class: "button button-small", "data-device": id, "aria-pressed": id === "desktop", on: { click: () => this.#setWidth(id) } }, label);
    return h(
      "div",
      { class: "e-bar", role: "toolbar", "aria-label": "Editor" },
      this.#undo,
      this.#redo,
      h("div", { class: "button-group", role: "group", "aria-label": "Width" }, width("600 px", "desktop"), width("375 px", "phone")),
      h("span", { class: "push" }),
      this.#code,
    );
  }

  #body(): HTMLElement {
    return h(
      "div",
      { class: "e-body" },
      h(
        "div",
        { class: "e-side" },
        h("h3", { class: "e-panel-title" }, "Add"),
        h("div", { class: "e-new" }, ...listNew(this.#told.blocks).map((part) => this.#newButton(part))),
        h("h3", { class: "e-panel-title" }, "Parts"),
        this.#outline,
      ),
      this.#frame,
      this.#panelHost,
    );
  }

  #newButton(part: NewPart): HTMLElement {
    return h(
      "button",
      {
        type: "button",
        class: "e-add",
        title: part.help,
        draggable: "true",
        on: {
          click: () => this.#add(part),
          dragstart: (event: DragEvent) => this.#drag(part, event),
          dragend: () => this.#editor?.Blocks.endDrag(false),
        },
      },
      icon(part.icon),
      part.label,
    );
  }

  #load(): void {
    const editor = this.#editor;
    if (!editor) return;
    this.#nameFrames();
    for (const part of listNew(this.#told.blocks)) editor.Blocks.add(part.id, { label: part.label, content: part.content, select: true });
    this.#read();
  }

  /** The library's frames have no names of their own; one of them only measures. */
  #nameFrames(): void {
    for (const frame of this.#frame.querySelectorAll("iframe")) {
      const isMail = frame.classList.contains("gjs-frame");
      frame.title = isMail ? "The mail, to click and write in" : "Nothing to see";
      if (!isMail) frame.tabIndex = -1;
    }
  }

  /** Show what the form holds; what was done before cannot be undone beyond it. */
  #read(): void {
    const editor = this.#editor;
    if (!editor) return;
    editor.setComponents(toCanvas(this.#source.value));
    const body = bodyOf(editor);
    this.#written = body ? fromCanvas(writePart(body)) : "";
    editor.UndoManager.clear();
    const first = this.#faulty();
    if (first) editor.select(first);
    this.#drawAround();
  }

  /** Give the form what the canvas shows, once that is something else than what the form told it. */
  #write(): void {
    clearTimeout(this.#timer);
    const body = this.#editor && bodyOf(this.#editor);
    if (!body || this.#isCode) return;
    const next = fromCanvas(writePart(body));
    if (next === this.#written) return;
    this.#written = next;
    this.#source.value = next;
    this.#source.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      this.#write();
      this.#drawAround();
    }, WRITE_MS);
  }

  #drawAround(): void {
    const editor = this.#editor;
    const body = editor && bodyOf(editor);
    if (!editor || !body) return;
    const chosen = editor.getSelected();
    drawOutline(this.#outline, body, chosen, this.#told, this.#faultNumber(), {
      select: (part) => editor.select(part),
      move: (part, by) => this.#move(part, by),
      duplicate: (part) => this.#duplicate(part),
      remove: (part) => this.#remove(part),
    });
    if (!this.#panelHost.contains(document.activeElement)) this.#panel.show(chosen);
    this.#undo.disabled = !editor.UndoManager.hasUndo();
    this.#redo.disabled = !editor.UndoManager.hasRedo();
  }

  /** Add a part behind the chosen one, above the footer when nothing is chosen. */
  #add(part: NewPart): void {
    const editor = this.#editor;
    const body = editor && bodyOf(editor);
    if (!editor || !body) return;
    const top = this.#topOf(editor.getSelected(), body);
    const tops = body.components().models;
    const last = tops.at(-1)?.get("tagName") === "mj-brand-footer" ? tops.length - 1 : tops.length;
    const at = top ? Math.min(tops.indexOf(top) + 1, last || 1) : last;
    const [added] = body.append(part.content, { at });
    if (added) editor.select(innermost(added));
    added?.view?.el.scrollIntoView({ block: "center" });
    this.#say(`${part.label} added.`);
  }

  #drag(part: NewPart, event: DragEvent): void {
    const block = this.#editor?.Blocks.get(part.id);
    event.dataTransfer?.setData("text/plain", part.label);
    if (block) this.#editor?.Blocks.startDrag(block, event);
  }

  #move(part: Component, by: number): void {
    const parent = part.parent();
    if (!parent) return;
    const to = part.index() + by;
    if (to < 0 || to >= parent.components().length) return;
    part.move(parent, { at: by > 0 ? to + 1 : to });
    this.#editor?.select(part);
    this.#say(by > 0 ? "Moved down." : "Moved up.");
  }

  #duplicate(part: Component): void {
    const [copy] = part.parent()?.append(part.clone(), { at: part.index() + 1 }) ?? [];
    if (copy) this.#editor?.select(copy);
    this.#say("Duplicated.");
  }

  #remove(part: Component): void {
    const next = part.parent()?.components().models[part.index() + 1];
    part.remove();
    if (next) this.#editor?.select(next);
    this.#say("Deleted. Undo brings it back.");
  }

  #topOf(part: Component | undefined, body: Component): Component | undefined {
    let found = part;
    while (found && found.parent() !== body) found = found.parent();
    return found;
  }

  #step(way: "undo" | "redo"): void {
    const manager = this.#editor?.UndoManager;
    if (!manager) return;
    manager[way]();
    this.#changed();
    this.#say(way === "undo" ? "Undone." : "Done again.");
  }

  #setWidth(id: string): void {
    this.#editor?.setDevice(id);
    for (const each of this.#holder.querySelectorAll<HTMLElement>("[data-device]")) {
      each.setAttribute("aria-pressed", String(each.dataset["device"] === id));
    }
  }

  /** Show the code instead, and back; code that the canvas cannot show stays code. */
  #toggleCode(): void {
    if (!this.#isCode) this.#write();
    else if (!isBuilt(this.#source.value)) {
      this.#say("This is not a mail of blocks any more, so it stays code.");
      return;
    }
    this.#isCode = !this.#isCode;
    this.#showSource(this.#isCode);
    this.#code.setAttribute("aria-pressed", String(this.#isCode));
    this.#holder.querySelector<HTMLElement>(".e-body")?.toggleAttribute("hidden", this.#isCode);
    if (this.#isCode) this.#source.focus();
    else this.#read();
  }

  #showSource(isShown: boolean): void {
    this.#source.closest<HTMLElement>("[data-email-source]")?.toggleAttribute("hidden", !isShown);
  }

  #faultNumber(): number {
    return Number(/^block (\d+),/.exec(this.#told.fault)?.[1] ?? 0);
  }

  #faulty(): Component | undefined {
    const body = this.#editor && bodyOf(this.#editor);
    const ours = new Set(this.#told.blocks.map((kind) => kind.tag));
    return body?.components().models.filter((part) => ours.has(String(part.get("tagName"))))[this.#faultNumber() - 1];
  }

  #keys(event: KeyboardEvent): void {
    const isOurs = event.target instanceof Element && this.#holder.contains(event.target);
    if (!isOurs || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    this.#step(key === "y" || event.shiftKey ? "redo" : "undo");
  }

  #say(words: string): void {
    this.#status.textContent = words;
  }
}

/** The part that somebody meant: the picture, not the section and the column that it came in. */
function innermost(part: Component): Component {
  const inside = part.components().models.filter((child) => String(child.get("tagName")).startsWith("mj-"));
  const [only] = inside;
  return only && inside.length === 1 ? innermost(only) : part;
}

/** What a text of the mail says, without its marks. */
function textOf(part: Component | undefined): string {
  return (part?.view?.el.innerText ?? "").trim();
}

/** Plain words as they stand in MJML; Liquid stays as it is. */
function asMarkup(words: string): string {
  const holder = document.createElement("div");
  holder.textContent = words;
  return restoreLiquid(holder.innerHTML).replace(/\n/g, "<br>");
}
