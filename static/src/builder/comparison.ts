// Conditions that compare a field, or a property of the merchant's own, with a value.

import { manyOf, oneOf } from "./combo";
import type { Cursor } from "./cursor";
import { h } from "./dom";
import type { Child } from "./dom";
import { isOptional, isScalar, isWord, isWords } from "./forms";
import type { Form, Tools } from "./forms";
import { choose, day, isSpan, months, number, phrase, select, several, span, text, word } from "./inputs";
import { hasOnly, isObject } from "./json";
import type { Json, Obj } from "./json";
import { AGAINST, QUARTERS, TYPES, choice, speakAgainst, speakCountry, speakOperator } from "./language";
import type { Choice, Field, Language } from "./language";
import { drawAnniversary, fitsAnniversary } from "./yearly";

const OWN = "properties.";
const SIGNS = [">", ">=", "<", "<="];
const UNSAID = ["exists", "missing"];
const LISTED = ["in", "not_in", "contains_any", "not_contains_any", "contains_all"];
const LENGTHS = ["length_is", "length_at_least", "length_at_most"];
const LOOSE = ["contains", "not_contains", "starts_with", "not_starts_with", "ends_with", "not_ends_with", "matches", "not_matches"];
const SPANNED = ["in_the_last", "not_in_the_last", "in_the_next", "at_least_ago"];
const HOURLY = ["days", "weeks", "hours"];

/** Return the field that a condition asks; one of the merchant's own is made up as it is read. */
function fieldOf(raw: Obj, language: Language): Field | undefined {
  const name = raw["field"];
  if (typeof name !== "string") return undefined;
  if (!name.startsWith(OWN)) return "type" in raw ? undefined : language.fields.get(name);
  const type = readType(raw);
  const operators = language.types.get(type);
  if (!operators) return undefined;
  const own = { name, label: name.slice(OWN.length), type, unit: "", group: "", missing: "", choices: [] };
  return { ...own, operators: [...operators] };
}

/** What a property is read as: as said, else as its value looks, by the rule of the server. */
function readType(raw: Obj): string {
  if (raw["type"] !== undefined) return String(raw["type"]);
  const value = Array.isArray(raw["value"]) ? raw["value"][0] : raw["value"];
  if (typeof value === "boolean") return "boolean";
  return typeof value === "number" || [...SIGNS, "between"].includes(String(raw["is"])) ? "number" : "text";
}

function fitsValue(field: Field, operator: string, value: Json): boolean {
  if (UNSAID.includes(operator)) return false;
  if (operator === "between") return Array.isArray(value) && value.length === 2 && value.every((one) => isScalar(one));
  if (operator === "between_ago") return Array.isArray(value) && value.length === 2 && value.every((one) => isSpan(one, HOURLY));
  if (SPANNED.includes(operator)) return isSpan(value, HOURLY);
  if (LENGTHS.includes(operator)) return typeof value === "number";
  if (operator === "in_month" || LISTED.includes(operator)) return isWords(value);
  if (operator === "in_quartile") return isWords(value) || typeof value === "number";
  if (operator === "top") return hasOnly(value, ["percent"]) && isWord(value["percent"]);
  if (operator === "anniversary") return fitsAnniversary(value);
  if (isObject(value)) return SIGNS.includes(operator) && measureOf(value) !== undefined;
  return field.type === "boolean" ? typeof value === "boolean" : isScalar(value) && typeof value !== "boolean";
}

/** Return the figure of the store that a value names: mean, median or percentile. */
function measureOf(value: Json | undefined): string | undefined {
  if (!hasOnly(value, ["store"])) return undefined;
  const { store } = value;
  if (typeof store === "string" && store in AGAINST && store !== "percentile") return store;
  return hasOnly(store, ["percentile"]) && isWord(store["percentile"]) ? "percentile" : undefined;
}

export const comparison: Form = {
  icon: "filter",
  fits: (raw, language) => {
    if (!hasOnly(raw, ["field", "type", "is", "value"])) return false;
    const field = fieldOf(raw, language);
    const operator = raw["is"];
    if (!field || field.missing || typeof operator !== "string" || !field.operators.includes(operator)) return false;
    return isOptional(raw["value"], (value) => fitsValue(field, operator, value));
  },
  draw: (cursor, tools) => {
    const raw = isObject(cursor.value) ? cursor.value : {};
    const field = fieldOf(raw, tools.language);
    if (!field) return { line: [] };
    const isOwn = field.name.startsWith(OWN);
    const name = isOwn ? drawOwn(cursor, field, tools) : [drawName(cursor, field.label, tools)];
    const value = drawValue(cursor.key("value"), field, String(raw["is"]), tools);
    return { line: [...name, phrase(drawOperator(cursor, field, raw), value)] };
  },
};

/** The name of a condition, which leads to the list of all others. */
export function drawName(cursor: Cursor, label: string, tools: Tools): HTMLElement {
  return h(
    "button",
    { type: "button", class: "b-name", id: `${cursor.id}name`, title: "Choose another condition", on: { click: () => tools.replace(`${cursor.id}name`) } },
    label,
  );
}

function drawOwn(cursor: Cursor, field: Field, { combos }: Tools): Child[] {
  const name = cursor.key("field");
  const input: HTMLInputElement = combos.field(
    name.id,
    name.at,
    { label: "Property of your own", placeholder: "property", query: { of: "property" } },
    field.label,
    (hit) => name.set(OWN + hit.value),
  );
  input.addEventListener("input", () => name.type(OWN + input.value));
  const types = Object.entries(TYPES).map(([value, label]) => choice(value, label));
  return [
    word("Property"),
    input,
    word("read as"),
    select(cursor.key("type"), { label: "What it is read as", choices: types, value: field.type, pick: (type) => changeType(cursor, type) }),
  ];
}

function changeType(cursor: Cursor, type: string): void {
  const usual: Record<string, [string, Json | undefined]> = {
    text: ["=", undefined],
    number: [">=", undefined],
    date: ["in_the_last", { days: 30 }],
    boolean: ["=", true],
    list: ["contains", undefined],
  };
  const [is, value] = usual[type] ?? ["exists", undefined];
  cursor.merge({ type, is, value });
}

/** Against a value and against the whole store are two lists of one choice. */
function drawOperator(cursor: Cursor, field: Field, raw: Obj): HTMLElement {
  const operator = String(raw["is"]);
  const measure = measureOf(raw["value"]);
  const isComparable = field.operators.includes("top");
  const simple = field.operators.filter((one) => one !== "top" && one !== "in_quartile").map((one) => choice(one, speakOperator(one)));
  const whole: Choice[] = !isComparable
    ? []
    : [
        ...Object.keys(AGAINST).flatMap((one) => SIGNS.map((sign) => choice(`${sign}|${one}`, speakAgainst(sign, one)))),
        choice("top", speakOperator("top")),
        choice("in_quartile", speakOperator("in_quartile")),
      ];
  const pick = (next: string): void => {
    const [is = next, against] = next.split("|");
    const value = against ? { store: against === "percentile" ? { percentile: 75 } : against } : nextValue(field, operator, is, raw["value"]);
    cursor.merge({ is, value });
  };
  const choices = isComparable
    ? [{ label: "Against a value", choices: simple }, { label: "Against the whole store", choices: whole }]
    : simple;
  return select(cursor.key("is"), { label: `How ${field.label} is compared`, choices, value: measure ? `${operator}|${measure}` : operator, pick });
}

/** Keep a value that fits the next operator as well, else begin with a usual one. */
function nextValue(field: Field, before: string, next: string, value: Json | undefined): Json | undefined {
  if (UNSAID.includes(next)) return undefined;
  const isLike = [LISTED, LENGTHS, SPANNED, ["between"], ["between_ago"]].every((alike) => alike.includes(before) === alike.includes(next));
  if (isLike && value !== undefined && !isObject(value) && fitsValue(field, next, value)) return value;
  if (isLike && isSpan(value, HOURLY) && fitsValue(field, next, value ?? null)) return value;
  return firstValue(field, next, value);
}

function firstValue(field: Field, operator: string, before?: Json): Json | undefined {
  if (operator === "between") return [typeof before === "number" || typeof before === "string" ? before : null, null];
  if (operator === "between_ago") return [{ days: 30 }, { days: 60 }];
  if (SPANNED.includes(operator)) return { days: operator === "in_the_next" ? 7 : 30 };
  if (operator === "in_month") return [1, 2, 3];
  if (operator === "anniversary") return "this_month";
  if (operator === "top") return { percent: 10 };
  if (operator === "in_quartile") return [4];
  if (LENGTHS.includes(operator)) return operator === "length_at_least" ? 1 : undefined;
  if (LISTED.includes(operator)) return typeof before === "string" && before ? [before] : [];
  if (Array.isArray(before) && isScalar(before[0]) && before[0] !== null) return before[0];
  return field.type === "boolean" ? true : undefined;
}

/** Return a condition on a field that is true of some and not of all, as far as one can be guessed. */
export function beginComparison(field: Field): Json {
  const usual: Record<string, [string, Json | undefined]> = {
    number: [">=", 1],
    money: [">=", undefined],
    days_since: [">=", 30],
    date: ["in_the_last", { days: 30 }],
    text: ["=", undefined],
    choice: ["=", undefined],
    boolean: ["=", true],
    list: ["contains", undefined],
  };
  const [wanted, value] = usual[field.type] ?? ["exists", undefined];
  const is = field.operators.includes(wanted) ? wanted : (field.operators[0] ?? "exists");
  return value === undefined ? { field: field.name, is } : { field: field.name, is, value };
}

function drawValue(cursor: Cursor, field: Field, operator: string, tools: Tools): Child[] {
  if (UNSAID.includes(operator)) return [];
  const measure = measureOf(cursor.value);
  if (measure) {
    return measure === "percentile" ? [number(cursor.key("store").key("percentile"), { label: "Percentile", unit: "%", min: 1, max: 99 })] : [];
  }
  switch (operator) {
    case "between":
      return [...drawScalar(cursor.key(0), field, "From", tools), word("and"), ...drawScalar(cursor.key(1), field, "To", tools)];
    case "between_ago":
      return [...span(cursor.key(0), "At least so long ago", HOURLY), word("and"), ...span(cursor.key(1), "At most so long ago", HOURLY), word("ago")];
    case "in_the_last":
    case "not_in_the_last":
      return span(cursor, "How long", HOURLY);
    case "at_least_ago":
      return [...span(cursor, "How long ago", HOURLY), word("ago")];
    case "in_the_next":
      return span(cursor, "How long ahead", HOURLY);
    case "in_month":
      return months(cursor, "Months of any year");
    case "anniversary":
      return drawAnniversary(cursor);
    case "top":
      return [number(cursor.key("percent"), { label: "Share of buyers", unit: "% of buyers", min: 0, max: 100 })];
    case "in_quartile":
      return drawQuarters(cursor);
    case "in":
    case "not_in":
    case "contains_any":
    case "not_contains_any":
    case "contains_all":
      return drawMany(cursor, field, tools);
    case "contains_text":
      return [text(cursor, { label: `Part of a value of ${field.label}` })];
    case "length_is":
    case "length_at_least":
    case "length_at_most":
      return [number(cursor, { label: `Number of values of ${field.label}`, unit: "values", min: 0, isWhole: true })];
    default:
      return drawScalar(cursor, field, "Value", tools, LOOSE.includes(operator) && field.type === "text");
  }
}

function drawScalar(cursor: Cursor, field: Field, label: string, { language, combos }: Tools, isLoose = false): Child[] {
  const named = { label: `${label} of ${field.label}` };
  switch (field.type) {
    case "money":
      return [number(cursor, { ...named, before: language.symbol, placeholder: "0.00", label: `${named.label} in ${language.currency}` })];
    case "number":
    case "days_since":
      return [number(cursor, { ...named, unit: field.unit, isWhole: field.type === "days_since" })];
    case "date":
      return [day(cursor, named.label, language.zone)];
    case "choice":
      return [choose(cursor, named.label, field.choices)];
    case "boolean": {
      const choices = [choice("true", "yes"), choice("false", "no")];
      return [select(cursor, { ...named, choices, value: String(cursor.value), pick: (next) => cursor.set(next === "true") })];
    }
    default:
      if (isLoose) return [text(cursor, named)];
      return [oneOf(combos, cursor, { ...named, query: queryOf(field) }), ...drawCountry(cursor, field)];
  }
}

/** A country is typed by its code; what that is called stands behind it. */
function drawCountry(cursor: Cursor, field: Field): Child[] {
  const name = speakCountry(cursor.text);
  return field.name === "country" && name !== cursor.text ? [word(name)] : [];
}

function drawMany(cursor: Cursor, field: Field, { combos }: Tools): Child[] {
  const label = `Values of ${field.label}`;
  if (field.type !== "choice") {
    const speak = field.name === "country" ? { speak: speakCountry } : {};
    return [manyOf(combos, cursor, { label, query: queryOf(field), ...speak })];
  }
  const { value } = cursor;
  const chosen = isWords(value) ? value.map(String) : [];
  const speak = (values: readonly string[]): string =>
    field.choices.filter((one) => values.includes(one.value)).map((one) => one.label).join(", ") || "choose";
  return several(cursor, { label, choices: field.choices, chosen, speak, pick: (next) => cursor.type(next) });
}

function queryOf(field: Field): Record<string, string> {
  const isOwn = field.name.startsWith(OWN);
  return isOwn ? { of: "property_value", name: field.label } : { of: "field", name: field.name };
}

function drawQuarters(cursor: Cursor): Child[] {
  const { value } = cursor;
  const chosen = (Array.isArray(value) ? value : [value]).map(String);
  const speak = (values: readonly string[]): string =>
    QUARTERS.filter((one) => values.includes(one.value)).map((one) => one.label).join(" or ") || "choose";
  const drawn = several(cursor, { label: "Quarters of buyers", choices: QUARTERS, chosen, speak, pick: (next) => cursor.type(next.map(Number)) });
  return [...drawn, word("of buyers")];
}
