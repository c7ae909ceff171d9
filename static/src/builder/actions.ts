// What can be done with a part of the tree. Each is one step of undoing.

import { isObject } from "./json";
import type { Json } from "./json";
import type { Store } from "./store";
import { copy, exchange, find, insert, move, newGroup, newLeaf } from "./tree";
import type { Group, Leaf, Node, Op } from "./tree";

/** Operators whose opposite is true exactly where they are not, also for who has no value. */
const OPPOSITES: Record<string, string> = {
  "=": "!=",
  in: "not_in",
  contains: "not_contains",
  matches: "not_matches",
  in_the_last: "not_in_the_last",
  exists: "missing",
  member: "not_member",
};
const BACK = Object.fromEntries(Object.entries(OPPOSITES).map(([one, other]) => [other, one]));

/** Return a condition that holds where another does not, if it has one of its own. */
function opposite(raw: Json): Json | undefined {
  if (!isObject(raw)) return undefined;
  if ("reachable" in raw) return { ...raw, is: raw["is"] === false };
  if (!("field" in raw) && !("segment" in raw)) return undefined;
  const { is, value } = raw;
  if (typeof value === "boolean" && is === "=") return { ...raw, is: "!=" };
  const next = typeof is === "string" ? (OPPOSITES[is] ?? BACK[is]) : undefined;
  return next ? { ...raw, is: next } : undefined;
}

export class Actions {
  readonly #store: Store;
  /** Groups of none that stay groups though they hold one condition. */
  readonly expanded = new Set<number>();

  constructor(store: Store) {
    this.#store = store;
  }

  get group(): Group {
    return this.#store.root.group;
  }

  /** Return the one condition that a group negates and is shown as; null for every other part. */
  negated(node: Node): Leaf | null {
    if (node.kind === "leaf" || node.op !== "not" || node.children.length !== 1) return null;
    const [only] = node.children;
    return only?.kind === "leaf" && node.id !== this.group.id && !this.expanded.has(node.id) ? only : null;
  }

  isGroup(node: Node): node is Group {
    return node.kind === "group" && !this.negated(node);
  }

  #commit(group: Group): void {
    this.#store.commit({ ...this.#store.root, group });
  }

  /** Add a condition at the end of a group, or group and condition at once; returns its number. */
  add(parentId: number, raw: Json, inside?: Op): number {
    const parent = find(this.group, parentId)?.node;
    const leaf = newLeaf(raw);
    if (parent?.kind === "group") {
      const node = inside ? newGroup(inside, [leaf]) : leaf;
      this.#commit(insert(this.group, parentId, parent.children.length, node));
    }
    return leaf.id;
  }

  remove(id: number): void {
    this.#commit(exchange(this.group, id, () => null));
  }

  change(id: number, raw: Json): void {
    this.#commit(exchange(this.group, id, (node) => (node.kind === "leaf" ? { ...node, raw } : node)));
  }

  setOp(id: number, op: Op): void {
    if (op === "not") this.expanded.add(id);
    const change = (node: Node): Node => (node.kind === "group" ? { ...node, op } : node);
    this.#commit(id === this.group.id ? (change(this.group) as Group) : exchange(this.group, id, change));
  }

  duplicate(id: number): number {
    const place = find(this.group, id);
    if (!place?.parent) return id;
    const node = copy(place.node);
    this.#commit(insert(this.group, place.parent.id, place.index + 1, node));
    return node.id;
  }

  negate(id: number): void {
    this.#commit(
      exchange(this.group, id, (node) => {
        if (node.kind === "leaf") {
          const raw = opposite(node.raw);
          return raw === undefined ? newGroup("not", [node]) : { ...node, raw };
        }
        const only = this.negated(node);
        if (only) return only;
        if (node.op === "and") return newGroup("not", [node]);
        return { ...node, op: node.op === "or" ? "not" : "or" };
      }),
    );
  }

  wrap(id: number): void {
    const parent = find(this.group, id)?.parent;
    this.#commit(exchange(this.group, id, (node) => newGroup(parent?.op === "or" ? "and" : "or", [node])));
  }

  /** Take the walls of a group away: what was in it stands where it stood. */
  unwrap(id: number): void {
    const parent = find(this.group, id)?.parent;
    if (!parent) return;
    const spread = (node: Node): Node => {
      if (node.kind === "leaf") return node;
      const inner = (child: Node): readonly Node[] => (child.id === id && child.kind === "group" ? child.children : [child]);
      return { ...node, children: node.children.flatMap(inner) };
    };
    const isRoot = parent.id === this.group.id;
    this.#commit(isRoot ? (spread(this.group) as Group) : exchange(this.group, parent.id, spread));
  }

  /** Move one step up or down, out of a group at its edge; returns where it is now, in words. */
  step(id: number, by: -1 | 1): string {
    const place = find(this.group, id);
    if (!place?.parent) return "";
    const next = place.index + by;
    if (next >= 0 && next < place.parent.children.length) {
      return this.moveTo(id, place.parent.id, by < 0 ? next : next + 1);
    }
    const outer = find(this.group, place.parent.id);
    if (!outer?.parent) return by < 0 ? "It is the first already." : "It is the last already.";
    return this.moveTo(id, outer.parent.id, by < 0 ? outer.index : outer.index + 1);
  }

  /** Move into the group above, or else into the one below. */
  into(id: number): string {
    const place = find(this.group, id);
    if (!place?.parent) return "";
    const above = place.parent.children[place.index - 1];
    const below = place.parent.children[place.index + 1];
    if (above && this.isGroup(above)) return this.moveTo(id, above.id, above.children.length);
    if (below && this.isGroup(below)) return this.moveTo(id, below.id, 0);
    return "There is no group beside it.";
  }

  out(id: number): string {
    const parent = find(this.group, id)?.parent;
    const outer = parent && find(this.group, parent.id);
    return outer?.parent ? this.moveTo(id, outer.parent.id, outer.index + 1) : "It is in no group.";
  }

  moveTo(id: number, parentId: number, index: number): string {
    const group = move(this.group, id, parentId, index);
    if (group === this.group) return "";
    this.#commit(group);
    const place = find(this.group, id);
    if (!place?.parent) return "";
    const where = place.parent.id === this.group.id ? "" : " of the group";
    return `Now ${place.index + 1} of ${place.parent.children.length}${where}.`;
  }
}
