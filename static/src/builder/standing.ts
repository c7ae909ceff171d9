// Conditions on where somebody stands, and a form for conditions that have none of their own.

import { oneOf } from "./combo";
import { drawName } from "./comparison";
import type { Cursor } from "./cursor";
import { h } from "./dom";
import type { Child } from "./dom";
import { isOptional, isWord, isWords } from "./forms";
import type { Form, Tools } from "./forms";
import { addButton, choose, day, isSpan, number, phrase, select, several, span, takeOut, text, word } from "./inputs";
import { hasOnly, isObject } from "./json";
import type { Json } from "./json";
import { STATES, choice, plain, speakCountry } from "./language";
import { drawWindow, fitsWindow } from "./parts";
import type { Choice, Condition, Language } from "./language";

function choicesOf(language: Language, kind: string, parameter: string): Choice[] {
  const found = language.conditions.get(kind)?.parameters.find((one) => one.name === parameter);
  return (found?.choices ?? []).map((value) => choice(value, speakChannel(value)));
}

function speakChannel(value: string): string {
  return { email: "email", sms: "text message" }[value] ?? plain(value);
}

export const consent: Form = {
  icon: "mail",
  fits: (raw) => hasOnly(raw, ["consent", "is"]) && isWord(raw["consent"]) && isWord(raw["is"]),
  draw: (cursor, tools) => {
    const known = choicesOf(tools.language, "consent", "is");
    const states = known.map((one) => STATES.find((state) => state.value === one.value) ?? one);
    return {
      line: [
        drawName(cursor, "Permission by", tools),
        choose(cursor.key("consent"), "Channel", choicesOf(tools.language, "consent", "consent")),
        word("is"),
        choose(cursor.key("is"), "State", states),
      ],
    };
  },
};

export const reachable: Form = {
  icon: "mail",
  fits: (raw) => hasOnly(raw, ["reachable", "is"]) && isWord(raw["reachable"]) && isOptional(raw["is"], (one) => typeof one === "boolean"),
  draw: (cursor, tools) => {
    const is = cursor.key("is");
    const choices = [choice("true", "Can be reached by"), choice("false", "Cannot be reached by")];
    const pick = (next: string): void => is.set(next === "true");
    return {
      line: [
        select(is, { label: "Whether they can be reached", choices, value: String(is.value ?? true), pick }),
        choose(cursor.key("reachable"), "Channel", choicesOf(tools.language, "reachable", "reachable")),
      ],
    };
  },
};

/** What became of a message that the flow sent before. */
export const message: Form = {
  icon: "mail",
  fits: (raw) => hasOnly(raw, ["message", "is"]) && isWord(raw["message"]) && isWord(raw["is"]),
  draw: (cursor, tools) => ({
    line: [
      drawName(cursor, "The message", tools),
      choose(cursor.key("message"), "Which message", tools.language.messages),
      word("was"),
      choose(cursor.key("is"), "What became of it", ["sent", "opened", "clicked"].map((one) => choice(one, one))),
    ],
  }),
};

const JOINED = ["within", "before", "since", "until"] as const;

export const segment: Form = {
  icon: "segments",
  fits: (raw) => hasOnly(raw, ["segment", "is", ...JOINED]) && isWord(raw["segment"]) && isWord(raw["is"]) && fitsWindow(raw),
  draw: (cursor, tools) => {
    const is = cursor.key("is");
    const choices = [choice("member", "Is in segment"), choice("not_member", "Is not in segment")];
    // Who is not in it did not join it: the times go with the membership.
    const pick = (next: string): void =>
      cursor.merge({ is: next, ...(next === "member" ? {} : Object.fromEntries(JOINED.map((key) => [key, undefined]))) });
    return {
      line: [
        select(is, { label: "Whether they are in it", choices, value: is.text, pick }),
        oneOf(tools.combos, cursor.key("segment"), { label: "Segment", placeholder: "find a segment", query: { of: "segment" }, isListed: true }),
        ...(is.text === "member" ? drawWindow(cursor, tools, "joined", JOINED) : []),
      ],
    };
  },
};

function isOneOrMore(value: Json | undefined): boolean {
  return typeof value === "string" || isWords(value);
}

function fitsGroups(value: Json | undefined): boolean {
  return isOptional(value, isOneOrMore);
}

/** Draw one or more of some words; `none` is what is said and what is kept while none is chosen. */
function drawWords(cursor: Cursor, label: string, choices: readonly Choice[], none: { words: string; value?: Json }): Child[] {
  const { value } = cursor;
  const chosen = (Array.isArray(value) ? value : [value]).map(String);
  const speak = (values: readonly string[]): string =>
    choices.filter((one) => values.includes(one.value)).map((one) => one.label).join(" or ") || none.words;
  return several(cursor, { label, choices, chosen, speak, pick: (next) => cursor.type(next.length ? next : none.value) });
}

function drawGroups(cursor: Cursor, label: string, { language }: Tools): Child[] {
  return drawWords(cursor, label, language.rfmGroups, { words: "any group" });
}

export const stage: Form = {
  icon: "star",
  fits: (raw) => hasOnly(raw, ["stage"]) && isOneOrMore(raw["stage"]),
  draw: (cursor, tools) => {
    const stages = choicesOf(tools.language, "stage", "stage");
    return { line: [drawName(cursor, "Lifecycle stage is", tools), ...drawWords(cursor.key("stage"), "Stages", stages, { words: "choose a stage", value: [] })] };
  },
};

export const rfmMoved: Form = {
  icon: "star",
  fits: (raw) => {
    const { rfm_moved: moved } = raw;
    if (!hasOnly(raw, ["rfm_moved", "within", "since"]) || !hasOnly(moved, ["from", "to"])) return false;
    const isTimed = isOptional(raw["within"], (value) => isSpan(value)) && isOptional(raw["since"], (value) => typeof value === "string");
    return fitsGroups(moved["from"]) && fitsGroups(moved["to"]) && isTimed && !("within" in raw && "since" in raw);
  },
  draw: (cursor, tools) => {
    const moved = cursor.key("rfm_moved");
    const isSince = "since" in (isObject(cursor.value) ? cursor.value : {});
    const pick = (way: string): void =>
      cursor.merge(way === "since" ? { within: undefined, since: "" } : { within: { days: 30 }, since: undefined });
    const ways = [choice("within", "in the last"), choice("since", "since")];
    return {
      line: [
        drawName(cursor, "RFM group moved from", tools),
        ...drawGroups(moved.key("from"), "Groups before", tools),
        word("to"),
        ...drawGroups(moved.key("to"), "Groups now", tools),
        phrase(
          select(cursor, { label: "When", part: "way", choices: ways, value: isSince ? "since" : "within", pick }),
          isSince ? day(cursor.key("since"), "First day", tools.language.zone) : span(cursor.key("within"), "How long", ["days", "weeks"]),
        ),
      ],
    };
  },
};

const DISTANCES = [choice("km", "km"), choice("miles", "miles")];
const PLACES = [choice("postcode", "the postcode"), choice("coordinates", "the coordinates")];

function unitOf(within: Json | undefined): string {
  return isObject(within) && "miles" in within ? "miles" : "km";
}

function drawDistance(within: Cursor): Child[] {
  const unit = unitOf(within.value);
  const pick = (next: string): void => within.set({ [next]: (isObject(within.value) ? within.value[unit] : undefined) ?? null });
  return [
    number(within.key(unit), { label: "Distance", min: 0, max: unit === "km" ? 20_000 : 12_427 }),
    select(within, { label: "Unit of the distance", part: "unit", choices: DISTANCES, value: unit, pick }),
  ];
}

function drawPostcode(place: Cursor, { combos }: Tools): Child {
  const country = place.key("country");
  const name = speakCountry(country.text);
  return phrase(
    text(place.key("postcode"), { label: "Postcode", placeholder: "SW1A 1AA" }),
    word("in"),
    oneOf(combos, country, { label: "Country, two letters", placeholder: "GB", query: { of: "field", name: "country" } }),
    ...(name === country.text ? [] : [word(name)]),
  );
}

function drawCoordinates(place: Cursor): Child {
  return phrase(
    number(place.key("latitude"), { label: "Latitude in degrees", min: -90, max: 90, placeholder: "51.5" }),
    word("north,"),
    number(place.key("longitude"), { label: "Longitude in degrees", min: -180, max: 180, placeholder: "-0.12" }),
    word("east"),
  );
}

export const near: Form = {
  icon: "globe",
  fits: (raw) =>
    hasOnly(raw, ["near", "within"]) &&
    (hasOnly(raw["near"], ["latitude", "longitude"]) || hasOnly(raw["near"], ["postcode", "country"])) &&
    isOptional(raw["within"], (value) => hasOnly(value, ["km"]) || hasOnly(value, ["miles"])),
  draw: (cursor, tools) => {
    const place = cursor.key("near");
    const isPostcode = isObject(place.value) && ("postcode" in place.value || "country" in place.value);
    const pick = (next: string): void => place.set(next === "postcode" ? { postcode: "", country: tools.language.country } : {});
    return {
      line: [
        drawName(cursor, "Lives within", tools),
        phrase(...drawDistance(cursor.key("within")), word("of")),
        select(place, { label: "What names the place", part: "way", choices: PLACES, value: isPostcode ? "postcode" : "coordinates", pick }),
        isPostcode ? drawPostcode(place, tools) : drawCoordinates(place),
      ],
    };
  },
};

export const share: Form = {
  icon: "split",
  fits: (raw) => hasOnly(raw, ["random_bucket"]) && hasOnly(raw["random_bucket"], ["percent", "seed"]),
  draw: (cursor, tools) => {
    const drawn = cursor.key("random_bucket");
    const seed = drawn.key("seed");
    return {
      line: [
        drawName(cursor, "A random", tools),
        number(drawn.key("percent"), { label: "Share of all people", unit: "% of all people", min: 0, max: 100 }),
        ...(seed.value === undefined
          ? [addButton(`${seed.id}-add`, "others by a word", () => seed.set(""))]
          : [word("drawn by the word"), text(seed, { label: "Word that draws others" }), takeOut("Take out the word", `${seed.id}-x`, () => seed.set(undefined))]),
      ],
    };
  },
};

/** Draw a condition that the grammar describes and no form knows: a control for each parameter. */
export function generic({ name, about, parameters }: Condition): Form {
  return {
    icon: "code",
    fits: (raw) => hasOnly(raw, parameters.map((one) => one.name)),
    draw: (cursor, tools) => ({
      line: [
        drawName(cursor, plain(name), tools),
        ...parameters.flatMap((parameter) => {
          const part = cursor.key(parameter.name);
          const label = `${plain(parameter.name)}: ${parameter.value}`;
          const choices = parameter.choices.map((value) => choice(value, plain(value)));
          const isChosen = choices.length > 0 && isWord(part.value);
          return [
            parameter.name === name ? null : word(plain(parameter.name)),
            isChosen ? choose(part, label, choices) : drawJson(part, label, parameter.value),
          ];
        }),
      ],
      below: [[word(about)]],
    }),
  };
}

function drawJson(cursor: Cursor, label: string, takes: string): HTMLElement {
  const { value } = cursor;
  const input = h("input", {
    class: "b-input b-text mono",
    type: "text",
    autocomplete: "off",
    spellcheck: "false",
    value: value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value),
    placeholder: takes,
    id: cursor.id,
    "aria-label": label,
    "data-at": cursor.at,
    on: { input: () => cursor.type(readLoose(input.value)) },
  });
  return input;
}

function readLoose(typed: string): Json | undefined {
  if (typed.trim() === "") return undefined;
  try {
    return JSON.parse(typed) as Json;
  } catch {
    return typed;
  }
}

