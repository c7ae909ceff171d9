// What the server says of the language, and the words in which the builder shows it.

import type { Json } from "./json";

export interface Choice {
  value: string;
  label: string;
}

export interface Field {
  name: string;
  label: string;
  type: string;
  unit: string;
  group: string;
  operators: string[];
  missing: string;
  choices: Choice[];
}

interface Parameter {
  name: string;
  value: string;
  required: boolean;
  choices: string[];
}

export interface Condition {
  name: string;
  about: string;
  parameters: Parameter[];
  examples: Json[];
}

export interface Starter {
  name: string;
  definition: Json;
}

interface Told {
  fields: Field[];
  grammar: {
    conditions: Condition[];
    tests: string[];
    signs: string[];
    property_types: { name: string; operators: string[] }[];
  };
  rfmGroups: [string, string][];
  flags: [string, string][];
  starters: Starter[];
  country: string;
  currency: string;
  zone: string;
  /** Messages of a flow whose fate can be asked for; none where segments are built. */
  messages?: Choice[];
  /** The event that starts the flow, whose properties can be asked for; empty where none does. */
  trigger?: string;
  /** Asked above an empty canvas. */
  question?: string;
  /** Whether an empty canvas asks for its first condition by itself. */
  isEager?: boolean;
}

export class Language {
  readonly fields: ReadonlyMap<string, Field>;
  readonly conditions: ReadonlyMap<string, Condition>;
  readonly types: ReadonlyMap<string, readonly string[]>;
  readonly tests: readonly string[];
  readonly signs: readonly string[];
  readonly rfmGroups: readonly Choice[];
  readonly flags: readonly Choice[];
  readonly starters: readonly Starter[];
  readonly messages: readonly Choice[];
  readonly trigger: string;
  readonly question: string;
  readonly isEager: boolean;
  readonly zone: string;
  /** The merchant's own; empty where none is said. */
  readonly country: string;
  readonly currency: string;
  /** How the currency is written before an amount: £. */
  readonly symbol: string;

  constructor(told: Told) {
    this.fields = new Map(told.fields.map((field) => [field.name, field]));
    this.conditions = new Map(told.grammar.conditions.map((condition) => [condition.name, condition]));
    this.types = new Map(told.grammar.property_types.map(({ name, operators }) => [name, operators]));
    this.tests = told.grammar.tests;
    this.signs = told.grammar.signs;
    this.rfmGroups = told.rfmGroups.map(([value, label]) => ({ value, label }));
    this.flags = told.flags.map(([value, label]) => ({ value, label }));
    this.starters = told.starters;
    this.messages = told.messages ?? [];
    this.trigger = told.trigger ?? "";
    this.question = told.question ?? "Who should be in this segment?";
    this.isEager = told.isEager ?? false;
    this.zone = told.zone;
    this.country = told.country;
    this.currency = told.currency;
    this.symbol = symbolOf(told.currency);
  }
}

function symbolOf(currency: string): string {
  const format = new Intl.NumberFormat("en-GB", { style: "currency", currency, currencyDisplay: "narrowSymbol" });
  return format.formatToParts(1).find((part) => part.type === "currency")?.value ?? currency;
}

const LOCALE = "en-GB";
const long = new Intl.DateTimeFormat(LOCALE, { month: "long", timeZone: "UTC" });

export const MONTHS: readonly Choice[] = Array.from({ length: 12 }, (_, index) => ({
  value: String(index + 1),
  label: long.format(new Date(Date.UTC(2024, index, 15))),
}));

/** Signs before a number, the usual ones first. */
export const SIGNS: Record<string, string> = {
  ">=": "at least",
  "<=": "at most",
  "=": "exactly",
  ">": "more than",
  "<": "less than",
  "!=": "not",
};

const COMPARED: Record<string, string> = {
  "=": "is",
  "!=": "is not",
  ">": "is more than",
  ">=": "is at least",
  "<": "is less than",
  "<=": "is at most",
  between: "is between",
  exists: "is known",
  missing: "is not known",
  is_set: "is known",
  not_set: "is not known",
};

const WORDS: Record<string, string> = {
  ...COMPARED,
  in: "is any of",
  not_in: "is none of",
  contains: "contains",
  not_contains: "does not contain",
  contains_any: "contains any of",
  not_contains_any: "contains none of",
  contains_all: "contains all of",
  contains_text: "has a value that contains",
  length_is: "has exactly",
  length_at_least: "has at least",
  length_at_most: "has at most",
  starts_with: "starts with",
  not_starts_with: "does not start with",
  ends_with: "ends with",
  not_ends_with: "does not end with",
  matches: "matches the pattern",
  not_matches: "does not match the pattern",
  before: "is before",
  after: "is after",
  on: "is on",
  in_the_last: "is in the last",
  not_in_the_last: "is not in the last",
  in_the_next: "is in the next",
  at_least_ago: "was at least",
  between_ago: "was between",
  in_month: "falls in",
  anniversary: "has its anniversary",
  top: "is among the top",
  in_quartile: "is among the",
};

/** Say an operator between a name and a value: is at least. */
export function speakOperator(operator: string): string {
  return WORDS[operator] ?? operator.replaceAll("_", " ");
}

export const AGAINST: Record<string, string> = {
  mean: "the store’s average",
  median: "the store’s median",
  percentile: "a percentile of the store",
};

const SIDES: Record<string, string> = {
  ">": "is above",
  ">=": "is at or above",
  "<": "is below",
  "<=": "is at or below",
};

export function speakAgainst(sign: string, measure: string): string {
  return `${SIDES[sign] ?? sign} ${AGAINST[measure] ?? measure}`;
}

export const STATES: readonly Choice[] = [
  { value: "subscribed", label: "subscribed" },
  { value: "pending", label: "not confirmed yet" },
  { value: "unsubscribed", label: "unsubscribed" },
  { value: "never", label: "never asked for" },
  { value: "withdrawn", label: "withdrawn" },
];

export const QUARTERS: readonly Choice[] = [
  { value: "1", label: "lowest quarter" },
  { value: "2", label: "second lowest quarter" },
  { value: "3", label: "second highest quarter" },
  { value: "4", label: "highest quarter" },
];

export const TYPES: Record<string, string> = {
  text: "text",
  number: "a number",
  date: "a date",
  boolean: "yes or no",
  list: "a list",
};

const regions = new Intl.DisplayNames(LOCALE, { type: "region", fallback: "code" });

/** Write a country's name; a code that is none stays as it is. */
export function speakCountry(code: string): string {
  return /^[A-Z]{2}$/.test(code) ? (regions.of(code) ?? code) : code;
}

/** Write months as people say them: January to March. */
export function speakMonths(months: readonly number[]): string {
  const [first] = months;
  const final = months.at(-1);
  if (first === undefined || final === undefined) return "choose months";
  const name = (month: number): string => MONTHS[month - 1]?.label ?? String(month);
  const isRun = months.length >= 3 && months.every((month, index) => month === first + index);
  return isRun ? `${name(first)} to ${name(final)}` : months.map(name).join(", ");
}

export function choice(value: string, label: string): Choice {
  return { value, label };
}

export function plain(word: string): string {
  return word.replaceAll("_", " ");
}
