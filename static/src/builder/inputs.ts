// Controls of a condition. Each has a name of its own and says where in the condition it stands.

import type { Cursor } from "./cursor";
import { h, icon, iconButton } from "./dom";
import type { Child } from "./dom";
import { isObject } from "./json";
import type { Json } from "./json";
import { MONTHS, choice, speakMonths } from "./language";
import type { Choice } from "./language";

interface Named {
  label: string;
  /** Of the control, where several stand at one place. */
  part?: string;
}

function named(cursor: Cursor, { label, part }: Named): Record<string, string> {
  const suffix = part ? `-${part}` : "";
  return { id: `${cursor.id}${suffix}`, "aria-label": label, "data-at": cursor.at };
}

/** A choice of words; picking one calls back, and nothing is chosen while the value is none of them. */
export function select(
  cursor: Cursor,
  options: Named & { choices: readonly (Choice | { label: string; choices: readonly Choice[] })[]; value: string; pick: (value: string) => void },
): HTMLSelectElement {
  const draw = (one: Choice): HTMLOptionElement =>
    h("option", { value: one.value, selected: one.value === options.value }, one.label);
  const known = options.choices.flatMap((one) => ("choices" in one ? one.choices : [one]));
  const isKnown = known.some((one) => one.value === options.value);
  return h(
    "select",
    {
      class: "b-input b-select",
      ...named(cursor, options),
      on: { change: (event) => options.pick((event.target as HTMLSelectElement).value) },
    },
    isKnown ? null : h("option", { value: "", selected: true, disabled: true, hidden: true }, options.value || "choose"),
    options.choices.map((one) =>
      "choices" in one ? h("optgroup", { label: one.label }, one.choices.map(draw)) : draw(one),
    ),
  );
}

/** A choice of what stands at one place as it is. */
export function choose(cursor: Cursor, label: string, choices: readonly Choice[]): HTMLSelectElement {
  return select(cursor, { label, choices, value: cursor.text, pick: (value) => cursor.set(value) });
}

function readNumber(text: string): Json | undefined {
  return text.trim() === "" || Number.isNaN(Number(text)) ? undefined : Number(text);
}

interface NumberOptions extends Named {
  before?: string;
  unit?: string;
  min?: number;
  max?: number;
  isWhole?: boolean;
  placeholder?: string;
}

/** A number with what it counts behind it, or its currency before. */
export function number(cursor: Cursor, options: NumberOptions): HTMLElement {
  const input = h("input", {
    class: "b-input b-number",
    type: "number",
    inputmode: options.isWhole ? "numeric" : "decimal",
    step: options.isWhole ? 1 : "any",
    min: options.min,
    max: options.max,
    // An amount of 12.5 is read as 12.50.
    value: options.before ? cursor.text.replace(/^(-?\d+\.\d)$/, "$10") : cursor.text,
    placeholder: options.placeholder ?? "0",
    ...named(cursor, options),
    on: { input: () => cursor.type(readNumber(input.value)) },
  });
  if (options.before) return h("span", { class: "b-amount" }, h("span", { "aria-hidden": "true" }, options.before), input);
  return options.unit ? h("span", { class: "b-measured" }, input, options.unit) : input;
}

export function text(cursor: Cursor, options: Named & { placeholder?: string; isMono?: boolean }): HTMLElement {
  const input = h("input", {
    class: options.isMono ? "b-input b-text mono" : "b-input b-text",
    type: "text",
    autocomplete: "off",
    spellcheck: "false",
    value: cursor.text,
    placeholder: options.placeholder ?? "type a word",
    ...named(cursor, options),
    on: { input: () => cursor.type(input.value || undefined) },
  });
  return input;
}

/** A day of the calendar of the merchant's zone, which its name says. */
export function day(cursor: Cursor, label: string, zone: string): HTMLElement {
  const input = h("input", {
    class: "b-input b-day",
    type: "date",
    value: cursor.text,
    title: `A day in ${zone}`,
    ...named(cursor, { label: `${label}, a day in ${zone}` }),
    on: { input: () => cursor.type(input.value || undefined) },
  });
  return input;
}

const UNITS: Record<string, string> = { hours: "hours", days: "days", weeks: "weeks" };

/** A length of time such as {"days": 30}: a number and its unit. */
export function span(cursor: Cursor, label: string, units: readonly string[]): Child[] {
  const { value } = cursor;
  const unit = (isObject(value) ? Object.keys(value)[0] : undefined) ?? units[0] ?? "days";
  const choices = units.map((one) => choice(one, UNITS[one] ?? one));
  const pick = (next: string): void => {
    const amount = isObject(cursor.value) ? cursor.value[unit] : undefined;
    cursor.set({ [next]: amount ?? null });
  };
  return [
    h(
      "span",
      { class: "b-measured" },
      number(cursor.key(unit), { label, min: unit === "hours" ? 1 : 0, isWhole: true }),
      select(cursor, { label: `${label}: unit`, part: "unit", choices, value: unit, pick }),
    ),
  ];
}

export function isSpan(value: Json | undefined, units: readonly string[] = ["days", "weeks"]): boolean {
  return isObject(value) && Object.keys(value).length === 1 && units.includes(Object.keys(value)[0] ?? "");
}

/** Several of a few: a button that says which, and boxes to tick below it. */
export function several(
  cursor: Cursor,
  options: Named & {
    choices: readonly Choice[];
    chosen: readonly string[];
    speak: (chosen: readonly string[]) => string;
    pick: (chosen: string[]) => void;
    shortcuts?: readonly { label: string; values: readonly string[] }[];
  },
): Child[] {
  const name = named(cursor, options);
  const menuId = `${name["id"]}-menu`;
  let chosen = [...options.chosen];
  const said = h("span", {}, options.speak(chosen));
  const boxes = options.choices.map((one) => {
    const box: HTMLInputElement = h("input", {
      type: "checkbox",
      value: one.value,
      checked: chosen.includes(one.value),
      on: { change: () => settle() },
    });
    return { box, label: h("label", { class: "b-box" }, box, one.label) };
  });
  const settle = (): void => {
    chosen = boxes.filter(({ box }) => box.checked).map(({ box }) => box.value);
    said.textContent = options.speak(chosen);
    opener.setAttribute("aria-label", `${options.label}: ${said.textContent}`);
    options.pick(chosen);
  };
  const shortcuts = (options.shortcuts ?? []).map((one) => {
    const take = (): void => {
      for (const { box } of boxes) box.checked = one.values.includes(box.value);
      settle();
    };
    return h("button", { type: "button", class: "chip", on: { click: take } }, one.label);
  });
  const opener = h(
    "button",
    {
      type: "button",
      class: "b-input b-several",
      popovertarget: menuId,
      "aria-expanded": "false",
      ...name,
      "aria-label": `${options.label}: ${options.speak(chosen)}`,
    },
    said,
    icon("chevron-down"),
  );
  const group = h(
    "div",
    { class: "popover b-boxes", id: menuId, popover: true, role: "group", "aria-label": options.label },
    shortcuts.length > 0 && h("div", { class: "b-shortcuts" }, shortcuts),
    boxes.map(({ label }) => label),
  );
  return [opener, group];
}

export function months(cursor: Cursor, label: string): Child[] {
  const { value } = cursor;
  const chosen = (Array.isArray(value) ? value : []).map(String);
  return several(cursor, {
    label,
    choices: MONTHS,
    chosen,
    speak: (values) => speakMonths(values.map(Number).sort((a, b) => a - b)),
    pick: (values) => cursor.type(values.map(Number)),
    shortcuts: [1, 4, 7, 10].map((first, index) => ({
      label: `Q${index + 1}`,
      values: [first, first + 1, first + 2].map(String),
    })),
  });
}

/** A menu that adds a part to a condition; nothing where there is nothing to add. */
export function adder(id: string, label: string, entries: readonly { label: string; add: () => void }[]): Child[] {
  const [only, ...more] = entries;
  if (!only) return [];
  if (more.length === 0) return [addButton(id, label, only.add)];
  const menuId = `${id}-menu`;
  return [
    h(
      "button",
      { type: "button", class: "b-add", id, popovertarget: menuId, "aria-expanded": "false" },
      icon("plus"),
      label,
    ),
    h(
      "div",
      { class: "menu", id: menuId, popover: true },
      entries.map((entry) =>
        h("button", { type: "button", class: "menu-item", on: { click: entry.add } }, entry.label),
      ),
    ),
  ];
}

export function addButton(id: string, label: string, add: () => void): HTMLButtonElement {
  return h("button", { type: "button", class: "b-add", id, on: { click: add } }, icon("plus"), label);
}

export function takeOut(label: string, id: string, press: () => void): HTMLButtonElement {
  return iconButton(label, "x", press, { id, class: "b-cross" });
}

/** Words and controls that stay on one line as long as there is room. */
export function phrase(...children: readonly (Child | readonly Child[])[]): HTMLElement {
  return h("span", { class: "b-phrase" }, ...children);
}

/** Words between controls. */
export function word(said: string): HTMLElement {
  return h("span", { class: "b-word" }, said);
}
