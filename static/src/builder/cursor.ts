// A place inside one condition: what stands there, and how it is changed.

import { getIn, setIn, writePath } from "./json";
import type { Json, Path } from "./json";
import type { Change } from "./store";

export interface Edited {
  readonly id: number;
  read(): Json;
  write(raw: Json, change: Change): void;
}

export class Cursor {
  readonly #leaf: Edited;
  readonly path: Path;

  constructor(leaf: Edited, path: Path = []) {
    this.#leaf = leaf;
    this.path = path;
  }

  get value(): Json | undefined {
    return getIn(this.#leaf.read(), this.path);
  }

  get text(): string {
    const { value } = this;
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  }

  /** The place as the server names it in an error. */
  get at(): string {
    return writePath(this.path);
  }

  /** An id of an element that stays the same while the condition is drawn anew. */
  get id(): string {
    return `b${this.#leaf.id}-${this.at.replace(/[^A-Za-z0-9]+/g, "-")}`;
  }

  key(name: string | number): Cursor {
    return new Cursor(this.#leaf, [...this.path, name]);
  }

  /** Change what stands here; undefined takes it out. The condition is drawn anew. */
  set(value: Json | undefined): void {
    this.#leaf.write(setIn(this.#leaf.read(), this.path, value), {});
  }

  /** Change what stands here by something whose control shows it already. */
  type(value: Json | undefined): void {
    const mark = `${this.#leaf.id}.${this.at}`;
    this.#leaf.write(setIn(this.#leaf.read(), this.path, value), { isQuiet: true, mark });
  }

  /** Change several keys of the object that stands here. */
  merge(values: Record<string, Json | undefined>): void {
    let raw = this.#leaf.read();
    for (const [key, value] of Object.entries(values)) raw = setIn(raw, [...this.path, key], value);
    this.#leaf.write(raw, {});
  }
}
