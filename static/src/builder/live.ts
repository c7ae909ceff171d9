// Who would be in it: asked anew a moment after each change, estimated first where there are many.

import type { Json } from "./json";

const PAUSE_MS = 250;

export interface Look {
  path: string;
  words: string;
  at: string;
  fault: string;
}

export class Live {
  readonly #address: string;
  readonly #form: HTMLFormElement;
  readonly #tell: (leaves: Look[], said: string) => void;
  #timer = 0;
  #asking: AbortController | null = null;

  constructor(address: string, form: HTMLFormElement, tell: (leaves: Look[], said: string) => void) {
    this.#address = address;
    this.#form = form;
    this.#tell = tell;
  }

  /** Ask for a definition; null shows that there is none yet. */
  ask(definition: Json, pause = PAUSE_MS): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const shown = document.getElementById("impact");
    if (definition === null) {
      shown?.removeAttribute("aria-busy");
      shown?.replaceChildren(emptied());
      this.#tell([], "");
      return;
    }
    shown?.setAttribute("aria-busy", "true");
    this.#timer = window.setTimeout(() => void this.#run(definition, asking.signal), pause);
  }

  async #run(definition: Json, signal: AbortSignal): Promise<void> {
    try {
      const isEstimate = await this.#look(definition, signal, true);
      if (isEstimate) await this.#look(definition, signal, false);
    } catch {
      if (!signal.aborted) this.#fail(definition);
    }
  }

  async #look(definition: Json, signal: AbortSignal, isQuick: boolean): Promise<boolean> {
    const body = new URLSearchParams({ definition: JSON.stringify(definition) });
    for (const name of ["csrfmiddlewaretoken", "segment"]) {
      const value = new FormData(this.#form).get(name);
      if (typeof value === "string") body.set(name, value);
    }
    if (isQuick) body.set("quick", "1");
    const answer = await fetch(this.#address, { method: "POST", body, credentials: "same-origin", signal });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const part = document.createElement("template");
    part.innerHTML = await answer.text();
    const next = part.content.querySelector<HTMLElement>("#impact");
    if (signal.aborted) return false;
    if (!next) throw new Error("The answer is not a preview.");
    document.getElementById("impact")?.replaceWith(next);
    const told = next.querySelector("#impact-leaves")?.textContent;
    const isEstimate = next.dataset["estimate"] !== undefined;
    if (isEstimate && isQuick) next.setAttribute("aria-busy", "true");
    this.#tell(told ? (JSON.parse(told) as Look[]) : [], next.dataset["said"] ?? "");
    return isEstimate;
  }

  #fail(definition: Json): void {
    const shown = document.getElementById("impact");
    shown?.removeAttribute("aria-busy");
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button button-small";
    again.textContent = "Count again";
    again.addEventListener("click", () => this.ask(definition, 0));
    const note = document.createElement("p");
    note.textContent = "It could not be counted. You can save it all the same.";
    shown?.replaceChildren(note, again);
    // What was blamed before is not known to be wrong any more.
    this.#tell([], "");
  }
}

function emptied(): HTMLElement {
  const note = document.createElement("p");
  note.className = "look-none";
  note.textContent = "Add a condition to see who meets it, and how many.";
  return note;
}
