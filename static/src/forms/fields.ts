// What is asked, drawn and read.

import { make } from "./dom";
import type { Definition, Question } from "./shapes";

const INPUTS: Record<string, [type: string, autocomplete: string, mode?: string]> = {
  email: ["email", "email"],
  phone: ["tel", "tel"],
  first_name: ["text", "given-name"],
  birthday: ["date", "bday"],
  text: ["text", "off"],
  number: ["text", "off", "decimal"],
  date: ["date", "off"],
};

function optional(question: Question): (Node | string)[] {
  const more = question.required ? [] : [make("span", { class: "soft" }, " (optional)")];
  return [question.label, ...more];
}

function drawGroup(question: Question): HTMLElement {
  const type = question.kind === "choices" ? "checkbox" : "radio";
  const pairs =
    question.kind === "yes_no"
      ? [["yes", "Yes"] as const, ["no", "No"] as const]
      : question.options.map((option) => [option, option] as const);
  return make(
    "fieldset",
    { "aria-describedby": `${question.name}-wrong` },
    make("legend", {}, ...optional(question)),
    ...pairs.map(([value, label]) =>
      make("label", { class: "option" }, make("input", { type, name: question.name, value }), label),
    ),
  );
}

export function drawField(question: Question): HTMLElement {
  const input = INPUTS[question.kind];
  const id = `patron-${question.name}`;
  const wrong = make("p", { class: "wrong", id: `${question.name}-wrong`, hidden: true });
  if (!input) return make("div", {}, drawGroup(question), wrong);
  const [type, autocomplete, inputmode] = input;
  const attributes = { id, name: question.name, type, autocomplete, "aria-describedby": wrong.id };
  return make(
    "div",
    {},
    make("label", { for: id }, ...optional(question)),
    make("input", {
      ...attributes,
      ...(inputmode && { inputmode }),
      ...(question.required && { "aria-required": "true" }),
    }),
    wrong,
  );
}

export function drawConsent({ text, box }: Definition["consent"]): HTMLElement[] {
  if (!text) return [];
  if (!box) return [make("p", { class: "small" }, text)];
  const tick = make("input", { type: "checkbox", name: "agreed", value: "1" });
  return [make("label", { class: "option small" }, tick, make("span", {}, text))];
}

export function collect(form: HTMLFormElement, questions: Question[]): Record<string, unknown> {
  const data = new FormData(form);
  return Object.fromEntries(
    questions.map(({ name, kind }) => [name, kind === "choices" ? data.getAll(name) : data.get(name)]),
  );
}
