// Choosing a picture: a dialog with ours, a search, and a way to upload another one.

import { KINDS, sendPicture } from "./sending";
import type { Picture } from "./sending";

const PAUSE_MS = 250;

export class PicturePicker {
  readonly #url: string;
  readonly #uploadUrl: string;
  readonly #dialog = document.createElement("dialog");
  readonly #list = document.createElement("ul");
  readonly #said = document.createElement("p");
  readonly #search = document.createElement("input");
  readonly #more = button("More", "button button-small");
  #choose: (picture: Picture) => void = () => undefined;
  #next: string | null = null;

  constructor(url: string, uploadUrl: string) {
    this.#url = url;
    this.#uploadUrl = uploadUrl;
    this.#build();
  }

  /** Open the dialog; the picture that is chosen is handed over once. */
  open(choose: (picture: Picture) => void): void {
    this.#choose = choose;
    if (!this.#dialog.isConnected) document.body.append(this.#dialog);
    this.#search.value = "";
    this.#say("");
    this.#dialog.showModal();
    void this.#load(false);
  }

  #build(): void {
    const title = document.createElement("h2");
    const close = button("Close", "button button-quiet button-small");
    const header = element("div", "dialog-header", title, close);
    const file = document.createElement("input");
    const label = element("label", "button", "Upload a picture");
    title.id = "picture-picker-title";
    title.textContent = "Choose a picture";
    this.#dialog.className = "dialog dialog-wide";
    this.#dialog.setAttribute("aria-labelledby", title.id);
    this.#search.type = "search";
    this.#search.className = "input";
    this.#search.placeholder = "Find a picture";
    this.#search.setAttribute("aria-label", "Find a picture");
    file.type = "file";
    file.accept = KINDS;
    file.className = "sr-only";
    label.append(file);
    this.#list.className = "p-picks";
    this.#list.setAttribute("aria-label", "Pictures");
    this.#said.className = "small";
    this.#said.setAttribute("role", "status");
    const bar = element("div", "p-picker-bar", this.#search, label);
    this.#dialog.append(header, element("div", "dialog-body p-picker", bar, this.#said, this.#list, this.#more));
    close.addEventListener("click", () => this.#dialog.close());
    this.#more.addEventListener("click", () => void this.#load(true));
    file.addEventListener("change", () => void this.#send(file));
    this.#takeDropped();
    let timer = 0;
    this.#search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => void this.#load(false), PAUSE_MS);
    });
  }

  #takeDropped(): void {
    this.#dialog.addEventListener("dragover", (event) => event.preventDefault());
    this.#dialog.addEventListener("drop", (event) => {
      event.preventDefault();
      const [file] = event.dataTransfer?.files ?? [];
      if (file) void this.#upload(file);
    });
  }

  async #send(input: HTMLInputElement): Promise<void> {
    const [file] = input.files ?? [];
    if (file) await this.#upload(file);
    input.value = "";
  }

  async #upload(file: File): Promise<void> {
    this.#say(`${file.name} is being uploaded.`);
    try {
      const picture = await sendPicture(this.#uploadUrl, file, (share) => this.#say(`${file.name}: ${Math.round(share * 100)}% uploaded.`));
      this.#take(picture);
    } catch (error) {
      this.#say(error instanceof Error ? error.message : "It could not be uploaded.", true);
    }
  }

  async #load(isMore: boolean): Promise<void> {
    const query = new URLSearchParams({ q: this.#search.value, ...(isMore && this.#next ? { after: this.#next } : {}) });
    const answer = await fetch(`${this.#url}?${query}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) {
      this.#say("The pictures could not be loaded. Close this and try again.", true);
      return;
    }
    const told = (await answer.json()) as { pictures: Picture[]; next: string | null };
    const rows = told.pictures.map((each) => this.#row(each));
    if (isMore) this.#list.append(...rows);
    else this.#list.replaceChildren(...rows);
    this.#next = told.next;
    this.#more.hidden = told.next === null;
    if (!isMore && rows.length === 0) this.#say(this.#search.value ? "No picture matches." : "No pictures yet: upload the first one.");
    else if (!isMore) this.#say("");
  }

  #row(picture: Picture): HTMLLIElement {
    const image = document.createElement("img");
    const name = element("span", "small truncate", picture.name);
    const pick = button("", "p-pick");
    image.src = picture.thumb;
    image.alt = picture.alt;
    image.loading = "lazy";
    pick.append(image, name);
    pick.addEventListener("click", () => this.#take(picture));
    const row = document.createElement("li");
    row.append(pick);
    return row;
  }

  #take(picture: Picture): void {
    this.#dialog.close();
    this.#choose(picture);
  }

  #say(words: string, isBad = false): void {
    this.#said.textContent = words;
    this.#said.classList.toggle("tone-bad", isBad);
    this.#said.classList.toggle("soft", !isBad);
  }
}

function element(tag: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

function button(words: string, className: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.textContent = words;
  return made;
}
