// When the day of something comes round: around today, or in the days behind or ahead.

import type { Cursor } from "./cursor";
import type { Child } from "./dom";
import { isSpan, select, span } from "./inputs";
import { hasOnly, isObject } from "./json";
import type { Json } from "./json";
import { choice } from "./language";

const DAILY = ["days", "weeks"];

export function fitsAnniversary(value: Json): boolean {
  return typeof value === "string" || (hasOnly(value, ["next"]) && isSpan(value["next"])) || (hasOnly(value, ["last"]) && isSpan(value["last"]));
}

export function drawAnniversary(cursor: Cursor): Child[] {
  const { value } = cursor;
  const side = isObject(value) ? (Object.keys(value)[0] ?? "next") : "";
  const choices = [
    choice("today", "today"),
    choice("this_week", "this week"),
    choice("this_month", "this month"),
    choice("next", "in the next"),
    choice("last", "in the last"),
  ];
  const pick = (next: string): void => cursor.set(next === "next" || next === "last" ? { [next]: { days: 7 } } : next);
  const chooser = select(cursor, { label: "When", choices, value: side || cursor.text, pick });
  return side ? [chooser, ...span(cursor.key(side), "How long", DAILY)] : [chooser];
}
