// The definition as a tree of groups and conditions, each with a number that stays while it is edited.

import { hasOnly, isObject } from "./json";
import type { Json } from "./json";

export type Op = "and" | "or" | "not";

export interface Leaf {
  readonly kind: "leaf";
  readonly id: number;
  readonly raw: Json;
}

export interface Group {
  readonly kind: "group";
  readonly id: number;
  readonly op: Op;
  readonly children: readonly Node[];
}

export type Node = Leaf | Group;

/** The whole: a condition that stands alone is shown inside a group, and written alone again. */
export interface Root {
  readonly group: Group;
  readonly isBare: boolean;
}

export interface Place {
  readonly node: Node;
  readonly parent: Group | null;
  readonly index: number;
}

let last = 0;

export function newLeaf(raw: Json): Leaf {
  return { kind: "leaf", id: ++last, raw };
}

export function newGroup(op: Op, children: readonly Node[]): Group {
  return { kind: "group", id: ++last, op, children };
}

function isOp(value: Json | undefined): value is Op {
  return value === "and" || value === "or" || value === "not";
}

/** Read a part of a definition; what is no group that is known is a condition, whatever it holds. */
export function readNode(raw: Json): Node {
  if (isObject(raw) && hasOnly(raw, ["op", "children"])) {
    const { op, children } = raw;
    if (isOp(op) && Array.isArray(children)) return newGroup(op, children.map(readNode));
  }
  return newLeaf(raw);
}

export function readRoot(raw: Json): Root {
  if (raw === null) return { group: newGroup("and", []), isBare: true };
  const node = readNode(raw);
  if (node.kind === "group") return { group: node, isBare: false };
  return { group: newGroup("and", [node]), isBare: true };
}

export function writeNode(node: Node): Json {
  if (node.kind === "leaf") return node.raw;
  return { op: node.op, children: node.children.map(writeNode) };
}

/** Return the condition that is the whole definition; undefined where a group is. */
function aloneIn({ group, isBare }: Root): Node | undefined {
  return isBare && group.children.length === 1 && group.op !== "not" ? group.children[0] : undefined;
}

/** Return the definition; null while it has no condition. */
export function writeRoot(root: Root): Json {
  return root.group.children.length === 0 ? null : writeNode(aloneIn(root) ?? root.group);
}

export function leavesOf(node: Node): Leaf[] {
  return node.kind === "leaf" ? [node] : node.children.flatMap(leavesOf);
}

export function find(group: Group, id: number): Place | null {
  return group.id === id ? { node: group, parent: null, index: 0 } : findBelow(group, id);
}

function findBelow(group: Group, id: number): Place | null {
  for (const [index, node] of group.children.entries()) {
    if (node.id === id) return { node, parent: group, index };
    const deeper = node.kind === "group" ? findBelow(node, id) : null;
    if (deeper) return deeper;
  }
  return null;
}

/** Return a tree in which one part is exchanged, or taken out with groups that it leaves empty. */
export function exchange(group: Group, id: number, change: (node: Node) => Node | null): Group {
  const children: Node[] = [];
  for (const node of group.children) {
    if (node.id === id) {
      const next = change(node);
      if (next) children.push(next);
    } else if (node.kind === "leaf") {
      children.push(node);
    } else {
      const next = exchange(node, id, change);
      const isEmptied = next.children.length === 0 && node.children.length > 0;
      if (!isEmptied) children.push(next);
    }
  }
  return { ...group, children };
}

export function insert(group: Group, parentId: number, index: number, node: Node): Group {
  const change = (parent: Group): Group => ({
    ...parent,
    children: [...parent.children.slice(0, index), node, ...parent.children.slice(index)],
  });
  if (group.id === parentId) return change(group);
  return exchange(group, parentId, (found) => (found.kind === "group" ? change(found) : found));
}

/** Return a tree in which a part stands elsewhere; unchanged where it would stand inside itself. */
export function move(group: Group, id: number, parentId: number, index: number): Group {
  const place = find(group, id);
  if (!place?.parent || id === parentId || (place.node.kind === "group" && find(place.node, parentId))) return group;
  const isLater = place.parent.id === parentId && place.index < index;
  const target = isLater ? index - 1 : index;
  if (place.parent.id === parentId && place.index === target) return group;
  // The group that it goes into must not vanish with it.
  const isOnly = place.parent.children.length === 1;
  if (isOnly && place.parent.id === parentId) return group;
  return insert(exchange(group, id, () => null), parentId, target, place.node);
}

/** Return a copy with numbers of its own. */
export function copy(node: Node): Node {
  return node.kind === "leaf" ? newLeaf(node.raw) : newGroup(node.op, node.children.map(copy));
}

/** Say where each part stands, as the server names it. */
export function pathsOf(root: Root): Map<number, string> {
  const paths = new Map<number, string>();
  const walk = (node: Node, path: string): void => {
    paths.set(node.id, path);
    if (node.kind === "group") node.children.forEach((child, index) => walk(child, `${path}.children[${index}]`));
  };
  walk(aloneIn(root) ?? root.group, "definition");
  return paths;
}
