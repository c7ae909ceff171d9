// Where steps stand: below each other, ways side by side, and below them what they come together at.

import type { Grammar, Way } from "./graph";
import type { Graph } from "./told";

export const WIDTH = 268;
const GAP_X = 40;
const GAP_Y = 56;
/** Room for the names of several ways. */
const GAP_WAYS = 96;
const TURN = 20;
/** How far above a step ways come together: in between stands the button that adds one for all. */
const JOIN = 44;
/** Room that this needs below the buttons of the ways themselves. */
const GAP_JOIN = 48;
const ROUND = 10;
const ASIDE = 26;

export interface Place {
  /** Middle of the card. */
  x: number;
  y: number;
  height: number;
}

export interface Line {
  id: string;
  way: Way;
  path: string;
  /** Where its name stands, and the button that adds a step. */
  label: { x: number; y: number };
  plus: { x: number; y: number };
  /** Where it comes together with others, above the step; on the first of them alone. */
  join?: { x: number; y: number };
  isBack: boolean;
}

export interface Layout {
  places: Map<string, Place>;
  lines: Line[];
}

interface Box {
  width: number;
  /** Middle of the first card. */
  axis: number;
  xs: Map<string, number>;
}

export function idOf(way: Way): string {
  return `${way.from}>${way.at.join(".")}`;
}

export function layOut(graph: Graph, grammar: Grammar, heightOf: (key: string) => number): Layout {
  const drawing = new Drawing(graph, grammar, heightOf);
  return { places: drawing.places, lines: drawing.lines() };
}

class Drawing {
  readonly places = new Map<string, Place>();
  readonly #graph: Graph;
  readonly #grammar: Grammar;
  readonly #drawn = new Set<string>();
  /** The column of a way, where it has one of its own. */
  readonly #lanes = new Map<string, number>();
  /** Steps at which several ways come together. */
  readonly #joins: ReadonlySet<string>;

  constructor(graph: Graph, grammar: Grammar, heightOf: (key: string) => number) {
    this.#graph = graph;
    this.#grammar = grammar;
    this.#joins = this.#findJoins();
    const box = this.#block("", new Set());
    if (!box) return;
    const order = this.#order();
    const tops = this.#tops(order, heightOf);
    const middle = box.xs.get("") ?? 0;
    for (const [key, x] of box.xs) this.#place(key, x - middle, tops.get(key) ?? 0, heightOf);
    for (const [id, x] of this.#lanes) this.#lanes.set(id, x - middle);
    this.#placeLoose(heightOf);
  }

  #findJoins(): Set<string> {
    const seen = new Set<string>();
    const goals = ["", ...Object.keys(this.#graph.nodes)].flatMap((key) => this.#ways(key).map(({ to }) => to));
    return new Set(goals.filter((to) => to !== "" && seen.size === seen.add(to).size));
  }

  #place(key: string, x: number, y: number, heightOf: (key: string) => number): void {
    this.places.set(key, { x, y, height: heightOf(key) });
  }

  /** Steps to which no way leads stand at the side, in one column. */
  #placeLoose(heightOf: (key: string) => number): void {
    const right = Math.max(...[...this.places.values()].map(({ x }) => x));
    let y = 0;
    for (const key of Object.keys(this.#graph.nodes)) {
      if (this.places.has(key)) continue;
      this.#place(key, right + WIDTH + 2 * GAP_X, y, heightOf);
      y += heightOf(key) + GAP_Y;
    }
  }

  #ways(key: string): Way[] {
    return this.#grammar.ways(this.#graph, key).filter((way) => !way.isJump && (way.to in this.#graph.nodes || way.to === ""));
  }

  /** Say whether the names of the ways of a step stand at them; a jump has one as well. */
  #isNamed(key: string): boolean {
    return this.#grammar.ways(this.#graph, key).length > 1;
  }

  #block(key: string, stops: ReadonlySet<string>): Box | null {
    if (stops.has(key) || this.#drawn.has(key) || (key !== "" && !(key in this.#graph.nodes))) return null;
    this.#drawn.add(key);
    const ways = this.#ways(key);
    const [only] = ways;
    if (!only) return { width: WIDTH, axis: WIDTH / 2, xs: new Map([[key, WIDTH / 2]]) };
    if (ways.length === 1) {
      const rest = only.to === "" ? null : this.#block(only.to, stops);
      if (!rest) return { width: WIDTH, axis: WIDTH / 2, xs: new Map([[key, WIDTH / 2]]) };
      return { ...rest, xs: new Map([[key, rest.axis], ...rest.xs]) };
    }
    return this.#fork(key, ways, stops);
  }

  #fork(key: string, ways: readonly Way[], stops: ReadonlySet<string>): Box {
    const join = this.#joinOf(ways, stops);
    const inner = new Set(stops);
    if (join) inner.add(join);
    const xs = new Map<string, number>();
    const lanes: number[] = [];
    let left = 0;
    for (const way of ways) {
      const box = way.to === "" ? null : this.#block(way.to, inner);
      const width = box?.width ?? WIDTH;
      const lane = left + (box?.axis ?? WIDTH / 2);
      for (const [each, x] of box?.xs ?? []) xs.set(each, left + x);
      this.#shiftLanes(box, left);
      lanes.push(lane);
      this.#lanes.set(idOf(way), lane);
      left += width + GAP_X;
    }
    const axis = ((lanes[0] ?? 0) + (lanes.at(-1) ?? 0)) / 2;
    xs.set(key, axis);
    const box = { width: left - GAP_X, axis, xs };
    const rest = join && !stops.has(join) ? this.#block(join, stops) : null;
    return rest ? this.#below(box, rest) : box;
  }

  /** Put what ways come together at below them. */
  #below(box: Box, rest: Box): Box {
    const shift = box.axis - rest.axis;
    const left = Math.min(0, shift);
    for (const [key, x] of box.xs) box.xs.set(key, x - left);
    this.#shiftLanes(box, -left);
    for (const [key, x] of rest.xs) box.xs.set(key, x + shift - left);
    this.#shiftLanes(rest, shift - left);
    const width = Math.max(box.width - left, rest.width + shift - left);
    return { width, axis: box.axis - left, xs: box.xs };
  }

  /** Move the columns of the ways that begin in a box along with it. */
  #shiftLanes(box: Box | null, by: number): void {
    if (!box || by === 0) return;
    for (const key of box.xs.keys()) {
      for (const way of this.#ways(key)) {
        const lane = this.#lanes.get(idOf(way));
        if (lane !== undefined) this.#lanes.set(idOf(way), lane + by);
      }
    }
  }

  /** Return the first step that every way of some comes to. */
  #joinOf(ways: readonly Way[], stops: ReadonlySet<string>): string {
    const reached = ways.map((way) => {
      if (!(way.to in this.#graph.nodes) || stops.has(way.to)) return new Set([way.to]);
      return this.#reach(way.to, stops);
    });
    const [first, ...others] = reached;
    const common = [...(first ?? [])].filter((key) => key !== "" && !this.#drawn.has(key) && others.every((each) => each.has(key)));
    return common.find((key) => common.every((other) => other === key || this.#reach(key, stops).has(other))) ?? "";
  }

  /** Return a step and all that follow it, without those that are jumped to. */
  #reach(start: string, stops: ReadonlySet<string>): Set<string> {
    const seen = new Set([start]);
    for (const key of seen) {
      for (const { to } of this.#ways(key)) if (to !== "" && !stops.has(to)) seen.add(to);
    }
    return seen;
  }

  /** List steps so that each comes after those that lead to it; ways back do not count. */
  #order(): string[] {
    const done: string[] = [];
    const seen = new Set<string>();
    const visit = (key: string): void => {
      seen.add(key);
      for (const { to } of [...this.#ways(key)].reverse()) if (to !== "" && !seen.has(to)) visit(to);
      done.push(key);
    };
    visit("");
    return done.reverse();
  }

  #tops(order: readonly string[], heightOf: (key: string) => number): Map<string, number> {
    const tops = new Map<string, number>([["", 0]]);
    const rank = new Map(order.map((key, index) => [key, index]));
    for (const key of order) {
      const ways = this.#ways(key);
      const bottom = (tops.get(key) ?? 0) + heightOf(key) + (this.#isNamed(key) ? GAP_WAYS : GAP_Y);
      for (const { to } of ways) {
        if (to === "" || (rank.get(to) ?? 0) <= (rank.get(key) ?? 0)) continue;
        tops.set(to, Math.max(tops.get(to) ?? 0, bottom + (this.#joins.has(to) ? GAP_JOIN : 0)));
      }
    }
    return tops;
  }

  lines(): Line[] {
    const keys = ["", ...Object.keys(this.#graph.nodes)];
    const lines = keys.flatMap((key) => this.#grammar.ways(this.#graph, key).flatMap((way) => this.#line(way) ?? []));
    for (const key of this.#joins) {
      const to = this.places.get(key);
      const first = lines.find((line) => line.way.to === key && !line.isBack);
      if (first && to) first.join = { x: to.x, y: to.y - JOIN / 2 };
    }
    return lines;
  }

  #line(way: Way): Line | null {
    const [from, to] = [this.places.get(way.from), this.places.get(way.to)];
    if (!from || !to || way.to === "") return null;
    const sy = from.y + from.height;
    const isBack = way.isJump || to.y < sy + TURN;
    if (isBack) return this.#back(way, from, to);
    const lane = this.#lanes.get(idOf(way)) ?? from.x;
    const turn = sy + TURN;
    const last = to.y - (this.#joins.has(way.to) ? JOIN : TURN);
    const points = [
      [from.x, sy],
      [from.x, turn],
      [lane, turn],
      [lane, last],
      [to.x, last],
      [to.x, to.y],
    ] as const;
    const label = { x: lane, y: turn + 18 };
    const plus = { x: lane, y: this.#isNamed(way.from) ? turn + 50 : sy + GAP_Y / 2 };
    return { id: idOf(way), way, path: draw(points), label, plus, isBack };
  }

  /** A way back or aside leaves and arrives at the right of the cards. */
  #back(way: Way, from: Place, to: Place): Line {
    const right = WIDTH / 2;
    const [sy, ty] = [from.y + from.height / 2, to.y + to.height / 2];
    const x = Math.max(from.x, to.x) + right + ASIDE;
    const points = [[from.x + right, sy], [x, sy], [x, ty], [to.x + right, ty]] as const;
    return { id: idOf(way), way, path: draw(points), label: { x, y: (sy + ty) / 2 }, plus: { x, y: (sy + ty) / 2 }, isBack: true };
  }
}

type Point = readonly [number, number];

/** Draw straight lines with round corners. */
function draw(points: readonly Point[]): string {
  const bends = points.filter((point, index) => {
    const before = points[index - 1];
    return !before || before[0] !== point[0] || before[1] !== point[1];
  });
  return bends
    .map((point, index) => {
      const [before, after] = [bends[index - 1], bends[index + 1]];
      if (!before) return `M${point[0]} ${point[1]}`;
      if (!after) return `L${point[0]} ${point[1]}`;
      const [a, b] = [toward(point, before), toward(point, after)];
      return `L${a[0]} ${a[1]}Q${point[0]} ${point[1]} ${b[0]} ${b[1]}`;
    })
    .join("");
}

function toward([x, y]: Point, [ox, oy]: Point): Point {
  const length = Math.hypot(ox - x, oy - y);
  const part = Math.min(ROUND, length / 2) / (length || 1);
  return [x + (ox - x) * part, y + (oy - y) * part];
}
