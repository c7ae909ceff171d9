// What the server blames, said at the condition and at the control that it names.

import type { Look } from "./live";
import { plain } from "./language";

const NOT_YET = "is not filled in yet";
const EMPTY = new Set(["must be text that is not empty", "must be a list with at least one value", "must be a number"]);
const BEGINNINGS = /^(must|needs|is|has|cannot|character|closes|begins|ends)\b/;

function isBlank(control: Element | undefined): boolean {
  return control instanceof HTMLInputElement && control.value === "";
}

function speak({ at, fault }: Look, control: Element | undefined): string {
  const key = at.split(".").at(-1)?.replace(/\[\d+\]/g, "") ?? "";
  const subject = plain(key) || "this";
  const said = EMPTY.has(fault) && (fault !== "must be a number" || isBlank(control)) ? NOT_YET : fault;
  const sentence = BEGINNINGS.test(said) ? `${subject} ${said}` : said;
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}

/** Return the control at a place, or else the one that stands for what is around it. */
function controlAt(row: Element, at: string): Element | undefined {
  const controls = [...row.querySelectorAll("[data-at]")];
  const placeOf = (control: Element): string => control.getAttribute("data-at") ?? "";
  const exact = controls.find((control) => placeOf(control) === at);
  if (exact) return exact;
  const around = controls.filter((control) => placeOf(control) && (at.startsWith(placeOf(control)) || placeOf(control).startsWith(at)));
  return around.sort((one, other) => placeOf(other).length - placeOf(one).length)[0];
}

/** Show at one condition what is wrong with it, or nothing. */
export function showFault(row: HTMLElement, look: Look | undefined): void {
  const note = row.querySelector<HTMLElement>(".b-fault[id]");
  if (!note) return;
  for (const control of row.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
  }
  note.hidden = !look?.fault;
  row.classList.toggle("is-faulty", !note.hidden);
  if (!look?.fault) return;
  const control = controlAt(row, look.at);
  note.textContent = speak(look, control);
  control?.setAttribute("aria-invalid", "true");
  control?.setAttribute("aria-describedby", note.id);
}
