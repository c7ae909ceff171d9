// What the page tells the builder, and what the server answers it.

import type { Json, Obj } from "./json";

/** The parts of JSON Schema that forms are made of; `format` says what a text names. */
export interface Schema {
  type?: string | string[];
  format?: string;
  /** A way out that does not come to what followed when the step is put in. */
  apart?: boolean;
  title?: string;
  description?: string;
  default?: Json;
  const?: Json;
  enum?: (string | number)[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
}

export interface Kind {
  type: string;
  title: string;
  description: string;
  icon: string;
  schema: Schema;
}

export interface NodeKind extends Kind {
  group: string;
  /** Words by which it is found as well. */
  also: string;
}

export interface Graph extends Obj {
  nodes: Record<string, Obj>;
}

export interface WayLook {
  word: string;
  label: string;
  tone: string;
  symbol: string;
}

export interface NodeLook {
  kind: string;
  icon: string;
  title: string;
  text: string;
  ways: WayLook[];
}

/** Something to mend; an empty node is the flow as a whole. */
export interface Problem {
  node: string;
  at: string;
  text: string;
}

export interface Look {
  nodes: Record<string, NodeLook>;
  /** Conditions in words, by their place. */
  said: Record<string, string>;
  trigger: { title: string; rules: [string, string][] };
  problems: Problem[];
  advice: Problem[];
}

export interface Counts {
  waiting: number;
  failed: number;
  passed: number;
  results: Record<string, number>;
  messages: Record<string, number>;
}

export interface FlowTold {
  id: string;
  name: string;
  description: string;
  status: string;
  isLive: boolean;
  /** Per cent of those who would enter that get nothing. */
  holdout: number;
  /** Messages that wait until somebody looks at them. */
  waiting: number;
  version: number;
}

export interface DraftTold {
  revision: number;
  by: string;
  at: string;
  isPublished: boolean;
}

export interface Theirs extends DraftTold {
  graph: Graph;
}

export interface Offer {
  value: string;
  label: string;
  note: string;
  more: Record<string, string> | null;
}

/** What would become of those who stand at a step if they were moved to the draft. */
export interface Moving {
  title: string;
  people: number;
  outcome: "moved" | "falls" | "exits";
  target_title: string;
}

/** What would become of the members of a segment if they were put in. */
export interface PutIn {
  members: number;
  asked: number;
  enrolled: number;
  refused: [string, number][];
}

export interface Told {
  types: NodeKind[];
  triggers: Kind[];
  rules: Schema;
  words: Record<string, string>;
  /** What splits ask most often. */
  often: { name: string; condition: Obj }[];
  /** The same of the event that started the run, by its name. */
  oftenOf: Record<string, { name: string; condition: Obj }[]>;
  /** How often people usually enter: by the event that starts the flow, or by the key of what does. */
  reentry: { events: Record<string, Obj>; keys: Record<string, Obj> };
  /** Of events by name: the properties that two of one thing share, and how long the one waits for the other. */
  about: Record<string, { same: string[]; timeout: Obj }>;
  urls: Record<
    "save" | "rename" | "look" | "publish" | "counts" | "detail" | "versions" | "changes" | "values" | "condition" | "segmentValues" | "templates" | "settings" | "putIn" | "review" | "enrolApi",
    string
  > & { moving?: string };
  flow: FlowTold;
  draft: Theirs;
  look: Look;
  counts: Record<string, Counts>;
  me: string;
  zone: string;
  currency: string;
  language: Obj;
}
