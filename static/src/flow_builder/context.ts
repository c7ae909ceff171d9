// What every part of the builder knows and can ask for.

import { createContext, useContext } from "react";

import type { Grammar, Way } from "./graph";
import type { Json, Path } from "./json";
import type { Counts, Graph, Look, NodeKind, Problem, Told } from "./told";

export interface Editor {
  told: Told;
  grammar: Grammar;
  graph: Graph;
  look: Look;
  counts: Record<string, Counts>;
  isReadOnly: boolean;
  selected: ReadonlySet<string>;
  /** The step that the keyboard is at. */
  current: string;
  problemsAt: (key: string) => Problem[];
  titleOf: (key: string) => string;
  select: (key: string, how: "one" | "toggle" | "add" | "keep") => void;
  /** Choose nothing; `clear` closes the panel as well, which moves the canvas. */
  unselect: () => void;
  clear: () => void;
  open: (key: string, isByKey: boolean) => void;
  /** Go to the first thing that is to be said in the panel. */
  focusField: () => void;
  askToAdd: (way: Way, beside: DOMRect) => void;
  add: (way: Way, kind: NodeKind, isByKey: boolean) => void;
  /** A step of the list that is dragged, or a card with what hangs on it; null where nothing is. */
  dragged: Dragged | null;
  drag: (what: Dragged | null) => void;
  /** Put down on a way what is dragged; a card is moved, or copied. */
  drop: (way: Way, isCopy: boolean) => void;
  change: (update: (graph: Graph) => Graph, mark?: string) => void;
  say: (words: string) => void;
  editCondition: (asked: ConditionAsked) => void;
}

export type Dragged = { kind: NodeKind } | { key: string };

/** A condition that is edited in a dialog of its own. */
export interface ConditionAsked {
  title: string;
  value: Json | undefined;
  /** Asked of somebody on the way, not of who is yet to enter. */
  isOnWay: boolean;
  done: (value: Json | undefined) => void;
}

export const EditorContext = createContext<Editor | null>(null);

export function useEditor(): Editor {
  const found = useContext(EditorContext);
  if (!found) throw new Error("There is no editor around this.");
  return found;
}

/** One form: what is edited in it, and what is wrong with it. */
export interface FormScope {
  /** Place of the form in the definition, as the server names it: nodes.message. */
  path: string;
  value: Json;
  change: (path: Path, value: Json | undefined, mark?: string) => void;
  faultAt: (path: Path) => string;
  /** Add an item whose ways need ends of their own. */
  addItem: (path: Path, item: Json) => void;
  /** The event whose properties are on offer. */
  event: string;
}

export const FormContext = createContext<FormScope | null>(null);

export function useForm(): FormScope {
  const found = useContext(FormContext);
  if (!found) throw new Error("There is no form around this.");
  return found;
}
