// Proposals of the writing help beside the editor of a template: taken into the form, or left.

import { ASK_TEXT, TAKE_TEXT } from "./told";
import type { Asked, Taken } from "./told";

class WritingHelp {
  readonly #help: HTMLElement;
  readonly #form: HTMLFormElement;

  constructor(help: HTMLElement, form: HTMLFormElement) {
    this.#help = help;
    this.#form = form;
  }

  start(): void {
    this.#help.hidden = false;
    // What is typed for the help is no change of the template.
    for (const name of ["input", "change"]) this.#help.addEventListener(name, (event) => event.stopPropagation());
    this.#help.addEventListener("keydown", (event) => this.#keys(event));
    this.#help.addEventListener("htmx:configRequest", (event) => this.#tellChosen(event));
    this.#help.addEventListener("click", (event) => this.#clicked(event));
  }

  #keys(event: KeyboardEvent): void {
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    this.#help.querySelector<HTMLButtonElement>("[data-help-ask]")?.click();
  }

  /** Say which text is chosen in the mail; the form does not know it. */
  #tellChosen(event: Event): void {
    const asked: Asked = { text: "" };
    this.#editor()?.dispatchEvent(new CustomEvent(ASK_TEXT, { detail: asked }));
    const { parameters } = (event as CustomEvent<{ parameters: FormData }>).detail;
    parameters.set("help_paragraph", asked.text);
    this.#say("");
  }

  #clicked(event: Event): void {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-help-take]") : null;
    if (!button) return;
    const part = button.dataset["helpTake"] ?? "";
    const words = button.dataset["helpWords"] ?? "";
    if (part === "paragraph") this.#takeParagraph(words);
    else this.#takeField(part, words, button.hasAttribute("data-help-back"));
  }

  #takeField(part: string, words: string, isBack: boolean): void {
    const field = this.#form.elements.namedItem(part);
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
    field.value = words;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    this.#note(part, !isBack);
    this.#say(isBack ? "The words from before stand there again." : "Taken. Save to keep it.");
  }

  #takeParagraph(words: string): void {
    const taken: Taken = { text: words, isTaken: false };
    this.#editor()?.dispatchEvent(new CustomEvent(TAKE_TEXT, { detail: taken }));
    if (taken.isTaken) {
      this.#note("paragraph", true);
      this.#say("Taken into the mail; Undo above it brings the old words back. Save to keep it.");
      return;
    }
    void navigator.clipboard.writeText(words).then(
      () => this.#say("Copied. Put it where it belongs in the code."),
      () => this.#say("Your browser did not allow copying. Select the words instead."),
    );
  }

  #note(part: string, isTaken: boolean): void {
    const field = this.#form.elements.namedItem("helped");
    if (!(field instanceof HTMLInputElement)) return;
    const parts = new Set(field.value.split(",").filter(Boolean));
    if (isTaken) parts.add(part);
    else parts.delete(part);
    field.value = [...parts].join(",");
  }

  #editor(): HTMLElement | null {
    return this.#form.querySelector<HTMLElement>("[data-email-editor]");
  }

  #say(words: string): void {
    const said = this.#help.querySelector<HTMLElement>("[data-help-said]");
    if (said) said.textContent = words;
  }
}

export function startWritingHelp(): void {
  const help = document.querySelector<HTMLElement>("[data-writing-help]");
  const form = help?.closest("form");
  if (help && form) new WritingHelp(help, form).start();
}
