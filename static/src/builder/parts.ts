// Parts that several conditions share: when something happened, how often, and what it was like.

import { manyOf, oneOf } from "./combo";
import type { Cursor } from "./cursor";
import type { Child } from "./dom";
import { WINDOW_KEYS, isOptional, isScalar, isWord, isWords, readWord } from "./forms";
import type { Tools } from "./forms";
import { adder, addButton, day, isSpan, months, number, phrase, select, span, takeOut, word } from "./inputs";
import { hasOnly, isObject } from "./json";
import type { Json, Obj } from "./json";
import { SIGNS, choice, speakOperator } from "./language";
import type { Choice, Language } from "./language";
import { drawAnniversary, fitsAnniversary } from "./yearly";

const HOURLY = ["days", "weeks", "hours"] as const;

type WindowKey = (typeof WINDOW_KEYS)[number];

const WINDOWS: Record<WindowKey, { label: string; first: () => Json }> = {
  within: { label: "in the last …", first: () => ({ days: 30 }) },
  before: { label: "at least so long ago", first: () => ({ days: 30 }) },
  since: { label: "since a day", first: () => "" },
  until: { label: "until a day", first: () => "" },
  anniversary: { label: "with an anniversary", first: () => "this_month" },
  months: { label: "in months of any year", first: () => [1, 2, 3] },
};
/** What comes round in later years lies in no span of days. */
const RELATIVE: readonly string[] = ["within", "before"];

function goesWith(key: string, used: readonly string[]): boolean {
  const others = key === "anniversary" ? RELATIVE : RELATIVE.includes(key) ? ["anniversary"] : [];
  return !used.some((one) => others.includes(one));
}

export function fitsWindow(raw: Obj): boolean {
  return (
    isOptional(raw["within"], (value) => isSpan(value, HOURLY)) &&
    isOptional(raw["before"], (value) => isSpan(value, HOURLY)) &&
    isOptional(raw["since"], (value) => typeof value === "string") &&
    isOptional(raw["until"], (value) => typeof value === "string") &&
    isOptional(raw["anniversary"], fitsAnniversary) &&
    isOptional(raw["months"], (value) => isWords(value))
  );
}

function drawWindowPart(cursor: Cursor, key: WindowKey, { language }: Tools): Child[] {
  switch (key) {
    case "within":
      return [word("in the last"), ...span(cursor, "How long ago at most", HOURLY)];
    case "before":
      return [word("at least"), ...span(cursor, "How long ago at least", HOURLY), word("ago")];
    case "since":
      return [word("since"), day(cursor, "First day", language.zone)];
    case "until":
      return [word("until"), day(cursor, "Last day", language.zone)];
    case "anniversary":
      return [word("with an anniversary"), ...drawAnniversary(cursor)];
    case "months":
      return [word("in"), ...months(cursor, "Months of any year")];
  }
}

/** Draw when something happened: each bound that there is, and a way to add another. */
export function drawWindow(cursor: Cursor, tools: Tools, before = "", keys: readonly WindowKey[] = WINDOW_KEYS): Child[] {
  const raw = isObject(cursor.value) ? cursor.value : {};
  const used = keys.filter((key) => raw[key] !== undefined && raw[key] !== null);
  const drawn = used.map((key, index) => {
    const part = cursor.key(key);
    const cross = takeOut("Take out this time", `${part.id}-x`, () => part.set(undefined));
    return phrase(index === 0 && before && word(before), drawWindowPart(part, key, tools), cross);
  });
  const free = keys.filter((key) => !used.includes(key) && goesWith(key, used));
  const entries = free.map((key) => ({
    label: WINDOWS[key].label,
    add: () => cursor.key(key).set(WINDOWS[key].first()),
  }));
  return [...drawn, ...adder(`${cursor.id}-when`, "when", entries)];
}

export function fitsCount(value: Json | undefined): boolean {
  return isOptional(value, (one) => hasOnly(one, ["is", "value"]) && isWord(one["is"]) && isWord(one["value"]));
}

export function fitsSum(value: Json | undefined): boolean {
  const keys = ["property", "is", "value"];
  return isOptional(value, (one) => hasOnly(one, keys) && keys.every((key) => isWord(one[key])));
}

function signs(language: Language): Choice[] {
  const order = [...Object.keys(SIGNS), ...language.signs];
  const known = [...new Set(order)].filter((sign) => language.signs.includes(sign));
  return known.map((sign) => choice(sign, SIGNS[sign] ?? sign));
}

/** Return once, never, sum, or the sign that a count is compared by. */
function wayOf(raw: Obj): string {
  const { count } = raw;
  if (isObject(raw["sum"])) return "sum";
  if (!isObject(count)) return "once";
  return count["is"] === "=" && count["value"] === 0 ? "never" : String(count["is"] ?? "");
}

function changeWay(cursor: Cursor, next: string): void {
  const { value } = cursor.key("count").key("value");
  const amount = value === undefined || value === 0 ? 2 : value;
  const usual: Record<string, Json | undefined> = { once: undefined, sum: undefined, never: { is: "=", value: 0 } };
  cursor.merge({
    count: next in usual ? usual[next] : { is: next, value: amount },
    sum: next === "sum" ? { property: "value", is: ">=", value: null } : undefined,
  });
}

/** Draw how often: once, never, so many times, or what a property adds up to. */
export function drawMeasure(cursor: Cursor, tools: Tools, unit: string, event?: string): Child {
  const way = wayOf(isObject(cursor.value) ? cursor.value : {});
  const sum = event === undefined ? [] : [choice("sum", "with a sum of")];
  const chooser = select(cursor, {
    label: "How often",
    part: "way",
    choices: [choice("once", "at least once"), ...signs(tools.language), choice("never", "never"), ...sum],
    value: way,
    pick: (next) => changeWay(cursor, next),
  });
  if (way === "once" || way === "never") return chooser;
  if (way === "sum") return phrase(chooser, drawSum(cursor.key("sum"), tools, event ?? ""));
  const count = cursor.key("count").key("value");
  return phrase(chooser, number(count, { label: `Number of ${unit}`, unit, min: 0, isWhole: true }));
}

function drawSum(sum: Cursor, { combos, language }: Tools, event: string): Child[] {
  const is = sum.key("is");
  return [
    oneOf(combos, sum.key("property"), { label: "What is added up", query: { of: "event_property", event } }),
    select(is, { label: "How much", choices: signs(language), value: is.text, pick: (next) => is.set(next) }),
    number(sum.key("value"), { label: "Sum" }),
  ];
}

export function fitsTests(value: Json | undefined): boolean {
  const keys = ["property", "is", "value"];
  const fits = (one: Json): boolean =>
    hasOnly(one, keys) && isWord(one["property"]) && isWord(one["is"]) && (isScalar(one["value"]) || isWords(one["value"]));
  return isOptional(value, (list) => Array.isArray(list) && list.every(fits));
}

const MOST_TESTS = 10;
const LISTED = ["in", "not_in"];
const UNSAID = ["exists", "missing", "is_set", "not_set"];
const NUMERIC = [">", ">=", "<", "<="];

interface Asked {
  /** The key that names the property, and how it may be compared. */
  key: string;
  operators: readonly string[];
  event: string;
}

/** Draw a property of an event, how it is compared, and with what. */
export function drawProperty(test: Cursor, { key, operators, event }: Asked, { combos }: Tools): Child[] {
  const raw = isObject(test.value) ? test.value : {};
  const operator = test.key("is").text;
  const value = test.key("value");
  const options = { label: "Value", query: { of: "event_value", event, name: test.key(key).text } };
  const changeTo = (next: string): void => {
    const isKept = LISTED.includes(next) === LISTED.includes(operator) && !UNSAID.includes(next);
    test.merge({ is: next, value: isKept ? raw["value"] : undefined });
  };
  const control =
    typeof raw["value"] === "boolean"
      ? select(value, { label: "Value", choices: [choice("true", "yes"), choice("false", "no")], value: String(raw["value"]), pick: (next) => value.set(next === "true") })
      : LISTED.includes(operator)
        ? manyOf(combos, value, options, readWord)
        : NUMERIC.includes(operator)
          ? number(value, { label: "Value" })
          : oneOf(combos, value, options, ["=", "!="].includes(operator) ? readWord : undefined);
  return [
    oneOf(combos, test.key(key), { label: "Property", placeholder: "property", query: { of: "event_property", event } }),
    select(test.key("is"), { label: "How it is compared", choices: operators.map((one) => choice(one, speakOperator(one))), value: operator, pick: changeTo }),
    ...(UNSAID.includes(operator) ? [] : [control]),
  ];
}

function drawTest(test: Cursor, event: string, isFirst: boolean, tools: Tools): Child[] {
  return [
    word(isFirst ? "where" : "and"),
    ...drawProperty(test, { key: "property", operators: tools.language.tests, event }, tools),
    takeOut("Take out this filter", `${test.id}-x`, () => test.set(undefined)),
  ];
}

/** Draw what an event was like, one line for each test. */
export function drawTests(cursor: Cursor, event: string, tools: Tools): Child[][] {
  const where = cursor.key("where");
  const listed = Array.isArray(where.value) ? where.value : [];
  return listed.map((_, place) => drawTest(where.key(place), event, place === 0, tools));
}

export function addTest(cursor: Cursor): Child[] {
  const where = cursor.key("where");
  const listed = Array.isArray(where.value) ? where.value : [];
  if (listed.length >= MOST_TESTS) return [];
  return [addButton(`${cursor.id}-where`, "where", () => where.set([...listed, { property: "", is: "=" }]))];
}
