// The builder of segments: conditions as a tree to click and type, over the JSON that the form sends.

import "./styles/builder-controls.css";
import "./styles/builder.css";

import { Builder } from "./builder/builder";

const holder = document.querySelector<HTMLElement>("[data-builder]");
const source = document.querySelector<HTMLTextAreaElement>("textarea[name=definition]");
const told = document.getElementById("segment-language")?.textContent;

if (holder && source?.form && told) new Builder(holder, source, source.form, JSON.parse(told)).start();

/** Another island lets people build a condition in a dialog of its own. */
interface Asked {
  holder: HTMLElement;
  source: HTMLTextAreaElement;
  form: HTMLFormElement;
  told: ConstructorParameters<typeof Builder>[3];
}

document.addEventListener("patron:conditions", (event) => {
  const asked = (event as CustomEvent<Asked>).detail;
  new Builder(asked.holder, asked.source, asked.form, asked.told).start();
});
