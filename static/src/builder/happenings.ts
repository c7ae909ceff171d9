// Conditions on what people did: events, sequences of them, purchases, seasons.

import { manyOf, oneOf } from "./combo";
import type { Cursor } from "./cursor";
import type { Child } from "./dom";
import { drawName } from "./comparison";
import { WINDOW_KEYS, isOptional, isWord, isWords } from "./forms";
import type { Form, Tools } from "./forms";
import { adder, addButton, isSpan, months, number, phrase, select, several, span, takeOut, word } from "./inputs";
import { hasOnly, isObject } from "./json";
import type { Json, Obj } from "./json";
import { choice } from "./language";
import { addTest, drawMeasure, drawProperty, drawTests, drawWindow, fitsCount, fitsSum, fitsTests, fitsWindow } from "./parts";

function drawEventName(cursor: Cursor, { combos }: Tools): HTMLElement {
  return oneOf(combos, cursor, { label: "Event", placeholder: "event", query: { of: "event" } });
}

export const event: Form = {
  icon: "bolt",
  fits: (raw) =>
    hasOnly(raw, ["event", "count", "sum", "where", ...WINDOW_KEYS]) &&
    isWord(raw["event"]) &&
    !("count" in raw && "sum" in raw) &&
    fitsCount(raw["count"]) &&
    fitsSum(raw["sum"]) &&
    fitsTests(raw["where"]) &&
    fitsWindow(raw),
  draw: (cursor, tools) => {
    const name = cursor.key("event");
    return {
      line: [
        drawName(cursor, "Did", tools),
        drawEventName(name, tools),
        drawMeasure(cursor, tools, "times", name.text),
        ...drawWindow(cursor, tools),
        ...addTest(cursor),
      ],
      below: drawTests(cursor, name.text, tools),
    };
  },
};

function edge(key: string, label: string): Form {
  return {
    icon: "bolt",
    fits: (raw) =>
      hasOnly(raw, [key, "where", ...WINDOW_KEYS]) && isWord(raw[key]) && fitsTests(raw["where"]) && fitsWindow(raw),
    draw: (cursor, tools) => {
      const name = cursor.key(key);
      return {
        line: [drawName(cursor, label, tools), drawEventName(name, tools), ...drawWindow(cursor, tools), ...addTest(cursor)],
        below: drawTests(cursor, name.text, tools),
      };
    },
  };
}

export const firstEvent = edge("first_event", "The very first");
export const lastEvent = edge("last_event", "The most recent");

const TRIGGER_TESTS = ["=", "!=", ">", ">=", "<", "<=", "contains", "in", "is_set", "not_set"];

/** What the event says that started the flow. */
export const trigger: Form = {
  icon: "bolt",
  fits: (raw) => hasOnly(raw, ["trigger", "is", "value"]) && fitsTests([{ property: raw["trigger"] ?? null, is: raw["is"] ?? null, value: raw["value"] ?? null }]),
  draw: (cursor, tools) => ({
    line: [
      drawName(cursor, "What started it says that", tools),
      ...drawProperty(cursor, { key: "trigger", operators: TRIGGER_TESTS, event: tools.language.trigger }, tools),
    ],
  }),
};

const MOST_STEPS = 5;
const LENGTHS = ["hours", "days", "weeks"];

function fitsStep(step: Json): boolean {
  const key = isObject(step) && "not" in step ? "not" : "event";
  return hasOnly(step, [key, "where"]) && isWord(step[key]) && fitsTests(step["where"]);
}

export const funnel: Form = {
  icon: "flow",
  fits: (raw) => {
    const { funnel: steps } = raw;
    if (!hasOnly(raw, ["funnel", "complete_in", ...WINDOW_KEYS]) || !Array.isArray(steps)) return false;
    const isOrdered = steps.every((step, index) => fitsStep(step) && (index === steps.length - 1 || !(isObject(step) && "not" in step)));
    return isOrdered && isOptional(raw["complete_in"], (value) => isSpan(value, LENGTHS)) && fitsWindow(raw);
  },
  draw: (cursor, tools) => {
    const steps = cursor.key("funnel");
    const listed = Array.isArray(steps.value) ? steps.value : [];
    const isShort = listed.length < MOST_STEPS;
    const isOpen = !listed.some((step) => isObject(step) && "not" in step);
    const add = (): void => steps.set([...listed.slice(0, isOpen ? listed.length : -1), { event: "" }, ...listed.slice(isOpen ? listed.length : -1)]);
    return {
      line: [
        drawName(cursor, "One after another", tools),
        phrase(word("all within"), span(cursor.key("complete_in"), "How long after the first step", LENGTHS)),
        ...drawWindow(cursor, tools, "begun"),
      ],
      below: [
        ...listed.flatMap((step, place) => drawStep(steps, step, place, listed.length, tools)),
        isShort ? [addButton(`${steps.id}-add`, "step", add)] : [],
      ],
    };
  },
};

function drawStep(steps: Cursor, step: Json, place: number, count: number, tools: Tools): Child[][] {
  const cursor = steps.key(place);
  const key = isObject(step) && "not" in step ? "not" : "event";
  const name = cursor.key(key);
  const isLast = place === count - 1;
  const turn = (next: string): void => {
    if (!isObject(step)) return;
    const { [key]: said = "", ...rest } = step;
    cursor.set({ [next]: said, ...rest });
  };
  const begin =
    place > 0 && isLast
      ? select(cursor, { label: "Whether it came", part: "way", choices: [choice("event", "then"), choice("not", "then not")], value: key, pick: turn })
      : word(place === 0 ? "first" : "then");
  const cross = count > 2 ? takeOut("Take out this step", `${cursor.id}-x`, () => cursor.set(undefined)) : null;
  return [[begin, drawEventName(name, tools), ...addTest(cursor), cross], ...drawTests(cursor, name.text, tools)];
}

const GOODS: Record<string, string> = {
  category: "category",
  brand: "brand",
  product: "product",
  title: "title",
  sku: "SKU",
  flag: "kind",
};

function fitsGoods(value: Json | undefined): boolean {
  return hasOnly(value, Object.keys(GOODS)) && Object.values(value).every((one) => isWord(one) || isWords(one));
}

function drawGoods(cursor: Cursor, tools: Tools): Child[] {
  const raw = isObject(cursor.value) ? cursor.value : {};
  const used = Object.keys(raw);
  const drawn = used.map((key, index) => {
    const [part, label] = [cursor.key(key), GOODS[key] ?? key];
    const cross = takeOut(`Take out ${label}`, `${part.id}-x`, () => part.set(undefined));
    return phrase(word(index === 0 ? label : `and ${label}`), drawGood(part, key, tools), cross);
  });
  const free = Object.entries(GOODS).filter(([key]) => !used.includes(key));
  const entries = free.map(([key, label]) => ({ label, add: () => cursor.key(key).set([]) }));
  return [...(used.length ? drawn : [word("anything")]), ...adder(`${cursor.id}-what`, "what", entries)];
}

function drawGood(cursor: Cursor, key: string, { combos, language }: Tools): Child[] {
  const label = `Which ${GOODS[key] ?? key}`;
  if (key === "flag") {
    const { value } = cursor;
    const chosen = (Array.isArray(value) ? value : [value]).map(String);
    const speak = (values: readonly string[]): string =>
      language.flags.filter((one) => values.includes(one.value)).map((one) => one.label).join(" or ") || "choose";
    return several(cursor, { label, choices: language.flags, chosen, speak, pick: (next) => cursor.type(next) });
  }
  if (key === "product") return [manyOf(combos, cursor, { label, query: { of: "product" }, isListed: true })];
  const query = key === "title" ? { of: "product", name: "title" } : { of: "goods", name: key };
  return [manyOf(combos, cursor, { label, query })];
}

export const bought: Form = {
  icon: "cart",
  fits: (raw) => hasOnly(raw, ["bought", "count", ...WINDOW_KEYS]) && fitsGoods(raw["bought"]) && fitsCount(raw["count"]) && fitsWindow(raw),
  draw: (cursor, tools) => ({
    line: [
      drawName(cursor, "Bought", tools),
      ...drawGoods(cursor.key("bought"), tools),
      drawMeasure(cursor, tools, "orders"),
      ...drawWindow(cursor, tools),
    ],
  }),
};

export const notBought: Form = {
  icon: "cart",
  fits: (raw) => hasOnly(raw, ["not_bought", ...WINDOW_KEYS]) && fitsGoods(raw["not_bought"]) && fitsWindow(raw),
  draw: (cursor, tools) => ({
    line: [drawName(cursor, "Never bought", tools), ...drawGoods(cursor.key("not_bought"), tools), ...drawWindow(cursor, tools)],
  }),
};

function fitsSeason(value: Json | undefined): boolean {
  if (!isObject(value) || Object.keys(value).length !== 1) return false;
  return isWords(value["months"]) || typeof value["quarter"] === "number" || typeof value["each"] === "string";
}

const SEASONS: Record<string, Obj> = {
  months: { months: [11, 12] },
  quarter: { quarter: 4 },
  month: { each: "month" },
  quarters: { each: "quarter" },
};

function seasonOf(raw: Obj): string {
  if ("months" in raw) return "months";
  if ("quarter" in raw) return "quarter";
  return raw["each"] === "month" ? "month" : "quarters";
}

export const season: Form = {
  icon: "calendar",
  fits: (raw) =>
    hasOnly(raw, ["season", "years", "share"]) &&
    fitsSeason(raw["season"]) &&
    isWord(raw["years"]) &&
    isOptional(raw["share"], (value) => hasOnly(value, ["percent"]) && isWord(value["percent"])),
  draw: (cursor, tools) => {
    const named = cursor.key("season");
    const way = seasonOf(isObject(named.value) ? named.value : {});
    const choices = [
      choice("months", "these months"),
      choice("quarter", "quarter"),
      choice("month", "the same month, any"),
      choice("quarters", "the same quarter, any"),
    ];
    const share = cursor.key("share");
    const hasShare = isObject(share.value);
    return {
      line: [
        drawName(cursor, "Bought in", tools),
        select(named, { label: "Season", part: "way", choices, value: way, pick: (next) => named.set(SEASONS[next]) }),
        ...(way === "months" ? months(named.key("months"), "Months of any year") : []),
        way === "quarter" ? drawQuarter(named.key("quarter")) : null,
        phrase(
          word("of at least"),
          number(cursor.key("years"), { label: "Number of years", unit: "years", min: 1, max: 50, isWhole: true, placeholder: "2" }),
        ),
        ...(hasShare
          ? [
              phrase(
                word("with at least"),
                number(share.key("percent"), { label: "Share of all orders", unit: "% of all orders", min: 0, max: 100 }),
                takeOut("Take out the share", `${share.id}-x`, () => share.set(undefined)),
              ),
            ]
          : [addButton(`${share.id}-add`, "share of orders", () => share.set({ percent: 30 }))]),
      ],
    };
  },
};

function drawQuarter(cursor: Cursor): HTMLElement {
  const choices = [1, 2, 3, 4].map((one) => choice(String(one), `Q${one}`));
  return select(cursor, { label: "Quarter", choices, value: cursor.text, pick: (next) => cursor.set(Number(next)) });
}

