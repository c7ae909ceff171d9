// What a form shows of the answer: what is wrong, what is new, thanks.

import { make } from "./dom";
import { drawConsent } from "./fields";
import type { Definition } from "./shapes";

export function blame(panel: HTMLElement, form: HTMLFormElement, errors: Record<string, string>): void {
  let first: HTMLElement | null = null;
  for (const wrong of form.querySelectorAll<HTMLElement>(".wrong[id$='-wrong']")) {
    const text = errors[wrong.id.replace(/-wrong$/, "")] ?? "";
    const field = wrong.parentElement?.querySelector<HTMLElement>("input");
    wrong.textContent = text;
    wrong.hidden = !text;
    if (text) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
    if (text && !first) first = field ?? null;
  }
  say(panel, first ? "" : (errors["__all__"] ?? ""));
  first?.focus();
}

export function say(panel: HTMLElement, text: string): void {
  const line = panel.querySelector<HTMLElement>("[role=alert]");
  if (!line) return;
  line.textContent = text;
  line.hidden = !text;
}

export function thank(panel: HTMLElement, { success }: Definition, code = success.code): void {
  const title = make("h2", { tabindex: "-1", id: "patron-title" }, success.title);
  const done = make("div", { role: "status" }, title);
  if (success.text) done.append(make("p", {}, success.text));
  if (code) done.append(make("span", { class: "code" }, code));
  panel.querySelectorAll(":scope > :not(.close)").forEach((node) => node.remove());
  panel.append(done);
  title.focus();
}

/** Shows what is asked now; returns whether those are the words that they have read. */
export function renew(found: Definition, form: HTMLFormElement, now: Definition): boolean {
  const isSame = found.consent.text === now.consent.text && found.consent.box === now.consent.box;
  found.ticket = now.ticket;
  found.consent = now.consent;
  if (!isSame) form.querySelector(".agreed")?.replaceChildren(...drawConsent(now.consent));
  return isSame;
}
