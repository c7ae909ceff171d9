// The parts of the mail as a list: chosen, moved, copied and deleted by keyboard alone.

import type { Component } from "grapesjs";

import { h, icon, iconButton } from "./dom";
import { attributesOf } from "./canvas";
import { PARTS } from "./parts";
import { SHOW_TO, speakShown } from "./showing";
import type { Told } from "./told";

export interface Acts {
  select(part: Component): void;
  move(part: Component, by: number): void;
  duplicate(part: Component): void;
  remove(part: Component): void;
}

/** Draw the list; a part inside a section stands below it, and the faulty one says so. */
export function drawOutline(host: HTMLElement, body: Component, chosen: Component | undefined, told: Told, fault: number, acts: Acts): void {
  let number = 0;
  const ours = new Set(told.blocks.map((kind) => kind.tag));
  const rows = body.components().models.map((part) => {
    const isOurs = ours.has(String(part.get("tagName")));
    if (isOurs) number += 1;
    return h("li", {}, row(part, chosen, told, isOurs && number === fault, acts), inner(part, chosen, told, acts));
  });
  host.replaceChildren(...rows);
}

function inner(part: Component, chosen: Component | undefined, told: Told, acts: Acts): HTMLElement | null {
  const columns = part.components().models.filter((child) => child.get("tagName") === "mj-column");
  const parts = columns.flatMap((column) => column.components().models.filter((child) => String(child.get("tagName")).startsWith("mj-")));
  if (parts.length === 0) return null;
  return h("ul", { class: "e-outline" }, ...parts.map((child) => h("li", {}, row(child, chosen, told, false, acts))));
}

function row(part: Component, chosen: Component | undefined, told: Told, isFaulty: boolean, acts: Acts): HTMLElement {
  const tag = String(part.get("tagName"));
  const kind = told.blocks.find((each) => each.tag === tag) ?? PARTS[tag];
  const label = kind?.label ?? tag;
  const words = tag === "mj-text" || tag === "mj-button" ? shorten(part) : "";
  const name = words ? `${label}: ${words}` : label;
  const readers = speakShown(attributesOf(part)[SHOW_TO] ?? "", told.readers);
  return h(
    "div",
    { class: "e-row", "data-chosen": part === chosen, "data-faulty": isFaulty },
    h(
      "button",
      { type: "button", class: "e-pick", "aria-current": part === chosen ? "true" : null, on: { click: () => acts.select(part) } },
      icon(isFaulty ? "error" : (kind?.icon ?? "code")),
      h("span", { class: "e-named" }, h("span", { class: "truncate" }, name), readers ? h("span", { class: "e-readers truncate" }, readers) : null),
    ),
    h(
      "span",
      { class: "e-row-acts" },
      iconButton(`Move up ${name}`, "arrow-up", () => acts.move(part, -1)),
      iconButton(`Move down ${name}`, "arrow-down", () => acts.move(part, 1)),
      iconButton(`Duplicate ${name}`, "copy", () => acts.duplicate(part)),
      iconButton(`Delete ${name}`, "trash", () => acts.remove(part)),
    ),
  );
}

function shorten(part: Component): string {
  const text = new DOMParser().parseFromString(String(part.get("content") ?? "") + part.components().models.map((child) => child.toHTML()).join(""), "text/html");
  return (text.body.textContent ?? "").replace(/\s+/g, " ").trim().slice(0, 40);
}
