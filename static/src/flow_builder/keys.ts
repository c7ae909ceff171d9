// The canvas by keyboard alone.

import type { KeyboardEvent } from "react";

import type { Layout } from "./layout";

/** What can be done from the keyboard, the toolbar and the panel alike. */
export interface Deeds {
  layout: Layout;
  current: string;
  go: (key: string, isMore: boolean) => void;
  addAfter: () => void;
  addBefore: () => void;
  remove: () => void;
  copy: () => void;
  cut: () => void;
  paste: () => void;
  undo: () => void;
  redo: () => void;
  close: () => void;
  selectAll: () => void;
}

const ARROWS: Record<string, readonly [number, number]> = {
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

export function readKeys(event: KeyboardEvent, deeds: Deeds, isReadOnly: boolean): void {
  const arrow = ARROWS[event.key];
  const isChord = event.ctrlKey || event.metaKey;
  if (arrow && !isChord && !event.altKey) {
    const next = neighbour(deeds.layout, deeds.current, arrow);
    event.preventDefault();
    if (next !== null) deeds.go(next, event.shiftKey);
    return;
  }
  const deed = deedOf(event, deeds, isChord, isReadOnly);
  if (!deed) return;
  event.preventDefault();
  deed();
}

function deedOf(event: KeyboardEvent, deeds: Deeds, isChord: boolean, isReadOnly: boolean): (() => void) | undefined {
  const key = event.key.toLowerCase();
  if (key === "escape") return deeds.close;
  if (isReadOnly || event.altKey) return undefined;
  const chords: Record<string, () => void> = { c: deeds.copy, x: deeds.cut, v: deeds.paste, a: deeds.selectAll };
  if (isChord) return chords[key];
  if (key === "a") return event.shiftKey ? deeds.addBefore : deeds.addAfter;
  return key === "delete" || key === "backspace" ? deeds.remove : undefined;
}

/** Return the card that lies nearest in a direction; null where there is none. */
function neighbour({ places }: Layout, from: string, [dx, dy]: readonly [number, number]): string | null {
  const here = places.get(from);
  if (!here) return null;
  let best: string | null = null;
  let least = Infinity;
  for (const [key, place] of places) {
    if (key === from) continue;
    const [x, y] = [place.x - here.x, place.y + place.height / 2 - here.y - here.height / 2];
    const ahead = x * dx + y * dy;
    const aside = Math.abs(x * dy) + Math.abs(y * dx);
    if (ahead <= 8) continue;
    const distance = ahead + 2 * aside;
    if (distance < least) [best, least] = [key, distance];
  }
  return best;
}
