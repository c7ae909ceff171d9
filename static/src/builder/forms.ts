// Which form draws a condition. A condition that no form can show whole is shown as its sentence.

import type { Combos } from "./combo";
import type { Cursor } from "./cursor";
import type { Child } from "./dom";
import { isObject } from "./json";
import type { Json, Obj } from "./json";
import type { Language } from "./language";

export interface Tools {
  readonly language: Language;
  readonly combos: Combos;
  /** Let somebody choose another condition in the place of one. */
  readonly replace: (id: string) => void;
}

/** What a condition looks like: one line, and lines below it that begin further right. */
export interface Drawn {
  line: Child[];
  below?: Child[][];
}

export interface Form {
  icon: string;
  /** Say whether everything that stands in a condition would be shown. */
  fits: (raw: Obj, language: Language) => boolean;
  draw: (cursor: Cursor, tools: Tools) => Drawn;
}

export const WINDOW_KEYS = ["within", "before", "since", "until", "anniversary", "months"] as const;

export function isScalar(value: Json | undefined): boolean {
  return value === undefined || value === null || ["string", "number", "boolean"].includes(typeof value);
}

export function isWord(value: Json | undefined): boolean {
  return value === undefined || value === null || typeof value === "string" || typeof value === "number";
}

export function isWords(value: Json | undefined): value is (string | number)[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string" || typeof one === "number");
}

export function isOptional(value: Json | undefined, test: (value: Json) => boolean): boolean {
  return value === undefined || value === null || test(value);
}

/** Return the word that a condition begins with, of those that are known. */
export function kindOf(raw: Json, kinds: Iterable<string>): string | undefined {
  if (!isObject(raw)) return undefined;
  for (const kind of kinds) if (kind in raw) return kind;
  return undefined;
}

/** Numbers are compared as numbers; what begins with a zero is a name made of digits. */
export function readWord(text: string): string | number {
  return text !== "" && String(Number(text)) === text.trim() ? Number(text) : text;
}
