// A definition as steps and the ways between them, and what can be done with them.

import { asList, asObj, asText, put, read } from "./json";
import type { Json, Obj, Path } from "./json";
import type { Graph, NodeKind, Schema } from "./told";

/** One way out of a step; `from` is empty for the way from the trigger to the first step. */
export interface Way {
  from: string;
  at: Path;
  title: string;
  to: string;
  /** Leads to a step that stands elsewhere. */
  isJump: boolean;
  /** Is not for those whom the step is for: it ends until somebody says more. */
  isApart: boolean;
  /** Other ways that come together at the same step: what is put there is put on them as well. */
  along?: readonly Way[];
}

/** Steps that were copied; what they lead to outside of them is forgotten. */
export interface Copied {
  entry: string;
  nodes: Record<string, Obj>;
}

export interface Changed {
  graph: Graph;
  /** What is worked on next. */
  key: string;
  /** Steps that went with it because nothing leads to them any more. */
  lost: number;
}

const ENTRY = "entry_node";
const EXIT = "exit";
const MOST_STEPS = 10_000;

export class Grammar {
  readonly kinds: ReadonlyMap<string, NodeKind>;

  constructor(kinds: readonly NodeKind[]) {
    this.kinds = new Map(kinds.map((kind) => [kind.type, kind]));
  }

  kindOf(node: Obj | undefined): NodeKind | undefined {
    return this.kinds.get(asText(node?.["type"]));
  }

  /** List the ways out of a step, in the order in which the server names them. */
  ways(graph: Graph, key: string): Way[] {
    if (key === "") return [{ from: "", at: [ENTRY], title: "", to: asText(graph[ENTRY]), isJump: false, isApart: false }];
    const node = graph.nodes[key];
    const kind = this.kindOf(node);
    if (!node || !kind) return [];
    return waysIn(kind.schema, node, []).map((way) => ({ ...way, from: key }));
  }

  /** Make a step with what it needs to be understood, as far as that can be guessed. */
  begin(kind: NodeKind): Obj {
    return { type: kind.type, ...asObj(begin(kind.schema)) };
  }

  isEnd(graph: Graph, key: string): boolean {
    const kind = this.kindOf(graph.nodes[key]);
    return kind !== undefined && this.ends(kind);
  }

  /** Say whether nothing follows steps of a kind. */
  ends(kind: NodeKind): boolean {
    return waysIn(kind.schema, this.begin(kind), []).length === 0;
  }

  /** Return the way by which those who go on from a step, always the first way, come to the end. */
  lastWay(graph: Graph, key: string): Way | undefined {
    const seen = new Set<string>();
    let last: Way | undefined;
    let next = this.#firstWay(graph, key);
    while (next && !seen.has(next.to)) {
      last = next;
      seen.add(next.to);
      next = this.#firstWay(graph, next.to);
    }
    return last;
  }

  reach(graph: Graph, start: string, without = new Set<string>()): Set<string> {
    const seen = new Set<string>();
    const waiting = [start];
    for (let key = waiting.pop(); key !== undefined && seen.size < MOST_STEPS; key = waiting.pop()) {
      for (const { to } of this.ways(graph, key)) {
        if (to in graph.nodes && !seen.has(to) && !without.has(to)) {
          seen.add(to);
          waiting.push(to);
        }
      }
    }
    return seen;
  }

  /** Put a new step on a way; where it has several ways itself, all of them come to what followed. */
  add(graph: Graph, way: Way, kind: NodeKind): Changed {
    const key = freshKey(graph.nodes, kind.type);
    const next = this.#fill(lead(withNode(graph, key, this.begin(kind)), way, key), key, way.to);
    return this.#prune(graph, next, key);
  }

  /** Return the ways to a step as one; none where nothing but jumps lead there. */
  wayTo(graph: Graph, key: string): Way | undefined {
    const [first, ...along] = this.#allWays(graph).filter((way) => way.to === key && !way.isJump);
    return first && { ...first, along };
  }

  /** Add one more way to a list of them, which comes to where the others meet. */
  addItem(graph: Graph, key: string, path: Path, item: Json): Graph {
    const then = this.#meeting(graph, key);
    return this.#fill(withNode(graph, key, asObj(put(graph.nodes[key], path, item))), key, then);
  }

  /** Take steps out; of those with several ways what is on the first stays. */
  remove(graph: Graph, keys: readonly string[]): Changed | null {
    const gone = new Set(keys.filter((key) => key in graph.nodes && !this.isEnd(graph, key)));
    if (gone.size === 0) return null;
    const heir = (key: string): string => {
      const seen = new Set<string>();
      let found = key;
      while (gone.has(found) && !seen.has(found)) {
        seen.add(found);
        found = this.ways(graph, found).find((way) => !way.isJump)?.to ?? "";
      }
      return gone.has(found) ? "" : found;
    };
    let next = graph;
    for (const way of this.#allWays(graph)) if (gone.has(way.to)) next = lead(next, way, heir(way.to));
    next = { ...next, nodes: Object.fromEntries(Object.entries(next.nodes).filter(([key]) => !gone.has(key))) };
    for (const key of ["", ...Object.keys(next.nodes)]) next = this.#fillEmptied(graph, next, key);
    const changed = this.#prune(graph, next, heir(keys[0] ?? ""));
    return { ...changed, lost: changed.lost - gone.size };
  }

  /** Give up what a change of a step left without a way to it. */
  settle(before: Graph, after: Graph, key: string): Changed {
    return this.#prune(before, after, key);
  }

  /** Return a step with all that follows it alone. */
  branchOf(graph: Graph, key: string): string[] {
    const others = this.reach(graph, "", new Set([key]));
    return [key, ...[...this.reach(graph, key)].filter((each) => each !== key && !others.has(each))];
  }

  copy(graph: Graph, keys: readonly string[]): Copied | null {
    const known = keys.filter((key) => key in graph.nodes);
    const inside = new Set(known.flatMap((key) => this.ways(graph, key).filter((way) => !way.isJump).map((way) => way.to)));
    const entry = known.find((key) => !inside.has(key)) ?? known[0];
    if (entry === undefined) return null;
    // What hangs together with the first is copied.
    const reached = this.reach({ ...graph, nodes: pick(graph.nodes, known) }, entry);
    return { entry, nodes: pick(graph.nodes, known.filter((key) => key === entry || reached.has(key))) };
  }

  paste(graph: Graph, way: Way, copied: Copied): Changed {
    const names = new Map<string, string>();
    let nodes = graph.nodes;
    for (const [old, node] of Object.entries(copied.nodes)) {
      const key = freshKey(nodes, asText(node["type"]));
      names.set(old, key);
      nodes = { ...nodes, [key]: node };
    }
    let next: Graph = { ...graph, nodes };
    for (const key of names.values()) {
      for (const each of this.ways(next, key)) {
        const inner = names.get(each.to);
        const kept = each.isJump && each.to in graph.nodes ? each.to : "";
        next = lead(next, each, inner ?? kept);
      }
    }
    const entry = names.get(copied.entry) ?? "";
    next = this.#joinTail(next, graph, entry, way.to);
    for (const key of names.values()) if (key in next.nodes) next = this.#fill(next, key, "");
    return this.#prune(graph, lead(next, way, entry === "" ? way.to : entry), entry);
  }

  /** Return a step with what lies between it and where its ways meet again: what is moved as one. */
  blockOf(graph: Graph, key: string): string[] {
    const meeting = this.#meeting(graph, key);
    if (meeting === "") return this.ways(graph, key).filter((way) => !way.isJump).length > 1 ? this.branchOf(graph, key) : [key];
    const after = this.reach(graph, meeting);
    return [key, ...[...this.reach(graph, key)].filter((each) => each !== key && each !== meeting && !after.has(each))];
  }

  /** Put steps that hang together on another way, as they are; null where they stand there already. */
  move(graph: Graph, way: Way, keys: readonly string[]): Changed | null {
    const taken = this.copy(graph, keys.filter((key) => !this.isEnd(graph, key) || keys.length > 1));
    if (!taken) return null;
    const { entry } = taken;
    const isInside = (key: string): boolean => key in taken.nodes;
    // Ways that come together here may come out of the very steps that are moved.
    const [onto, ...along] = [way, ...(way.along ?? [])].filter(({ from }) => !isInside(from));
    if (!onto || isInside(onto.to)) return null;
    const inner = Object.keys(taken.nodes).flatMap((key) => this.ways(graph, key).filter(({ isJump }) => !isJump));
    const exits = new Set(inner.map(({ to }) => to).filter((to) => to !== "" && !isInside(to)));
    const out = exits.size === 1 ? [...exits][0]! : this.#mainExit(graph, entry, isInside);
    let next = graph;
    for (const each of this.#allWays(graph)) if (each.to === entry && !isInside(each.from)) next = lead(next, each, out);
    for (const key of ["", ...Object.keys(graph.nodes)]) if (!isInside(key)) next = this.#fill(next, key, "");
    for (const each of inner) if (out !== "" && each.to === out) next = lead(next, each, onto.to);
    if (out === "") next = this.#joinTail(next, graph, entry, onto.to);
    return this.#prune(graph, lead(next, { ...onto, along }, entry), entry);
  }

  /** Return where the first way of steps leaves them; empty where it ends among them. */
  #mainExit(graph: Graph, entry: string, isInside: (key: string) => boolean): string {
    const seen = new Set<string>();
    let key = entry;
    while (isInside(key) && !seen.has(key)) {
      seen.add(key);
      key = this.#firstWay(graph, key)?.to ?? "";
    }
    return isInside(key) ? "" : key;
  }

  /** Let the main way of pasted steps go on where they stand; their own end gives way to what follows. */
  #joinTail(graph: Graph, before: Graph, entry: string, then: string): Graph {
    const seen = new Set<string>();
    let key = entry;
    for (;;) {
      seen.add(key);
      const way = this.ways(graph, key).find((each) => !each.isJump);
      if (!way) return graph;
      if (way.to === "" || seen.has(way.to)) return way.to === "" ? lead(graph, way, then) : graph;
      if (this.isEnd(graph, way.to)) return this.isEnd(before, then) ? graph : lead(graph, way, then);
      key = way.to;
    }
  }

  /** Let the ways of a step that lead nowhere go on at `then`, else come to one end; but those apart. */
  #fill(graph: Graph, key: string, then: string): Graph {
    let next = graph;
    let meeting = then;
    for (const way of this.ways(graph, key)) {
      if (way.isJump || way.to in graph.nodes) continue;
      const isEnd = way.isApart || meeting === "";
      const to = isEnd ? freshKey(next.nodes, "end") : meeting;
      if (isEnd) next = withNode(next, to, { type: EXIT });
      if (!way.isApart) meeting = to;
      next = lead(next, way, to);
    }
    return next;
  }

  /** Return the first step that all ways of one come to; empty where they never meet. */
  #meeting(graph: Graph, key: string): string {
    const ways = this.ways(graph, key).filter((way) => !way.isJump && way.to in graph.nodes);
    const [first, ...others] = ways.map((way) => this.reach(graph, way.to).add(way.to));
    const common = [...(first ?? [])].filter((each) => others.every((reached) => reached.has(each)));
    return common.find((each) => common.every((other) => other === each || this.reach(graph, each).has(other))) ?? "";
  }

  /** End a way that led to something which is gone for good. */
  #fillEmptied(before: Graph, after: Graph, key: string): Graph {
    const led = new Set(this.ways(before, key).filter((way) => way.to !== "").map((way) => way.at.join(".")));
    const isEmptied = this.ways(after, key).some((way) => !way.isJump && way.to === "" && led.has(way.at.join(".")));
    return isEmptied ? this.#fill(after, key, "") : after;
  }

  #prune(before: Graph, after: Graph, key: string): Changed {
    const had = this.reach(before, "");
    const has = this.reach(after, "");
    const isNew = (each: string): boolean => !(each in before.nodes);
    const kept = Object.entries(after.nodes).filter(([each]) => has.has(each) || (!had.has(each) && !isNew(each)));
    const lost = Object.keys(before.nodes).filter((each) => had.has(each) && !has.has(each)).length;
    return { graph: { ...after, nodes: Object.fromEntries(kept) }, key, lost };
  }

  #firstWay(graph: Graph, key: string): Way | undefined {
    return this.ways(graph, key).find((way) => !way.isJump);
  }

  #allWays(graph: Graph): Way[] {
    return ["", ...Object.keys(graph.nodes)].flatMap((key) => this.ways(graph, key));
  }
}

/** Return a graph in which a way leads elsewhere, and what comes along with it. */
export function lead(graph: Graph, way: Way, to: string): Graph {
  const others = (way.along ?? []).reduce((next, each) => lead(next, each, to), graph);
  if (way.from === "") return { ...others, [ENTRY]: to };
  const node = others.nodes[way.from];
  return node ? withNode(others, way.from, asObj(put(node, way.at, to))) : others;
}

export function withNode(graph: Graph, key: string, node: Obj): Graph {
  return { ...graph, nodes: { ...graph.nodes, [key]: node } };
}

function pick(nodes: Record<string, Obj>, keys: readonly string[]): Record<string, Obj> {
  return Object.fromEntries(keys.flatMap((key) => (nodes[key] ? [[key, nodes[key]] as const] : [])));
}

function freshKey(nodes: Record<string, Obj>, word: string): string {
  const base = word.replace(/[^a-z0-9_]+/gi, "_") || "step";
  for (let number = 1; ; number += 1) {
    const key = number === 1 ? base : `${base}_${number}`;
    if (!(key in nodes)) return key;
  }
}

function isWay(schema: Schema | undefined): boolean {
  return schema?.format === "node" || schema?.format === "jump";
}

function waysIn(schema: Schema, value: Json | undefined, path: Path): Omit<Way, "from">[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, part]) => {
    const at = [...path, name];
    const said = read(value, [name]);
    if (isWay(part)) {
      const isThere = typeof said === "string" || (schema.required ?? []).includes(name);
      const way = { at, title: part.title ?? name, to: asText(said), isJump: part.format === "jump", isApart: part.apart === true };
      return isThere ? [way] : [];
    }
    const inner = part.items;
    if (!inner?.properties || !Object.values(inner.properties).some(isWay)) return [];
    return asList(said).flatMap((item, index) => waysIn(inner, item, [...at, index]));
  });
}

/** Return something that fits a schema, with what is required and no more. */
export function begin(schema: Schema, index = 0, count = 0): Json | undefined {
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.anyOf?.[0]) return begin(schema.anyOf[0]);
  const [type] = [schema.type ?? ""].flat();
  if (schema.properties) {
    const wanted = schema.required ?? [];
    const parts = wanted.flatMap((name) => {
      const part = schema.properties?.[name];
      const value = part && !isWay(part) ? beginNamed(name, part, index, count) : isWay(part) ? "" : undefined;
      return value === undefined ? [] : [[name, value] as const];
    });
    return Object.fromEntries(parts);
  }
  if (type === "array" && schema.items) {
    const items = schema.items;
    const number = Math.max(schema.minItems ?? 0, 0);
    return Array.from({ length: number }, (_, at) => begin(items, at, number) ?? null);
  }
  if (type === "integer" || type === "number") return Math.max(schema.minimum ?? 0, 1);
  return undefined;
}

function beginNamed(name: string, schema: Schema, index: number, count: number): Json | undefined {
  if (name === "name" && count > 0) return String.fromCharCode(65 + index);
  if (name === "share" && count > 0) return index === 0 ? 100 - Math.floor(100 / count) * (count - 1) : Math.floor(100 / count);
  if (name === "unit") return "days";
  if (name === "channel" && count > 0) return schema.enum?.[index] ?? schema.enum?.[0];
  return begin(schema, index, count);
}
