// What is edited, with everything that it was before.

import type { Root } from "./tree";

const MOST_STEPS = 200;

export interface Change {
  /** Changes of one mark that follow each other are undone together: the letters of a word. */
  mark?: string;
  /** What is on the page shows it already. */
  isQuiet?: boolean;
}

export class Store {
  #root: Root;
  #past: Root[] = [];
  #future: Root[] = [];
  #mark = "";
  readonly #tell: (change: Change) => void;

  constructor(root: Root, tell: (change: Change) => void) {
    this.#root = root;
    this.#tell = tell;
  }

  get root(): Root {
    return this.#root;
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  commit(root: Root, change: Change = {}): void {
    if (root === this.#root) return;
    const mark = change.mark ?? "";
    if (!mark || mark !== this.#mark) this.#past = [...this.#past, this.#root].slice(-MOST_STEPS);
    this.#mark = mark;
    this.#future = [];
    this.#root = root;
    this.#tell(change);
  }

  undo(): boolean {
    return this.#step(this.#past, this.#future);
  }

  redo(): boolean {
    return this.#step(this.#future, this.#past);
  }

  #step(from: Root[], to: Root[]): boolean {
    const root = from.pop();
    if (!root) return false;
    to.push(this.#root);
    this.#root = root;
    this.#mark = "";
    this.#tell({});
    return true;
  }
}
