// What is edited, with everything that it was before.

import type { Graph } from "./told";

const MOST_STEPS = 200;

export interface History {
  readonly graph: Graph;
  readonly past: readonly Graph[];
  readonly future: readonly Graph[];
  /** Changes of one mark that follow each other are undone together: the letters of a word. */
  readonly mark: string;
}

export function startHistory(graph: Graph): History {
  return { graph, past: [], future: [], mark: "" };
}

export function commit(history: History, graph: Graph, mark = ""): History {
  if (graph === history.graph) return history;
  const isSameStep = mark !== "" && mark === history.mark;
  const past = isSameStep ? history.past : [...history.past, history.graph].slice(-MOST_STEPS);
  return { graph, past, future: [], mark };
}

export function undo(history: History): History {
  const graph = history.past.at(-1);
  if (!graph) return history;
  return { graph, past: history.past.slice(0, -1), future: [history.graph, ...history.future], mark: "" };
}

export function redo(history: History): History {
  const [graph, ...future] = history.future;
  if (!graph) return history;
  return { graph, past: [...history.past, history.graph], future, mark: "" };
}
