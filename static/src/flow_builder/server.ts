// What is asked of the server, each request in one function.

import type { DraftTold, FlowTold, Graph, Look, Moving, Offer, Problem, PutIn, Theirs, Told, Counts } from "./told";

export interface Saved {
  flow: FlowTold;
  draft: DraftTold;
}

/** Why the server did not do something. */
export class Refused extends Error {
  readonly fields: Record<string, string>;
  readonly theirs: Theirs | null;

  constructor(detail: string, fields: Record<string, string>, theirs: Theirs | null) {
    super(detail);
    this.fields = fields;
    this.theirs = theirs;
  }

  get problems(): Problem[] {
    return Object.entries(this.fields).map(([at, text]) => ({ node: "", at, text }));
  }
}

const UNREACHED = "Patron does not answer. What you made is kept here: it is saved as soon as it does.";

function token(): string {
  const input = document.querySelector<HTMLInputElement>("#flow-builder-form input[name=csrfmiddlewaretoken]");
  return input?.value ?? "";
}

async function post<Answer>(url: string, body: Record<string, string>, more: RequestInit = {}): Promise<Answer> {
  const headers = { "X-CSRFToken": token(), Accept: "application/json", ...more.headers };
  const sent = new URLSearchParams(body);
  let answer: Response;
  try {
    answer = await fetch(url, { ...more, method: "POST", body: sent, headers, credentials: "same-origin" });
  } catch (error) {
    if (more.signal?.aborted) throw error;
    throw new Refused(UNREACHED, {}, null);
  }
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json") ?? false;
  if (answer.ok && isJson) return (await answer.json()) as Answer;
  const said = isJson ? ((await answer.json()) as { detail?: string; fields?: Record<string, string>; theirs?: Theirs }) : {};
  throw new Refused(said.detail ?? explain(answer.status), said.fields ?? {}, said.theirs ?? null);
}

function explain(status: number): string {
  if (status === 403) return "You may not change flows, or you were signed out. Reload the page to see.";
  if (status === 404) return "This flow is not there any more.";
  return UNREACHED;
}

/** Which revision a request insists on; null overwrites whatever is there. */
function match(revision: number | null): RequestInit {
  return { headers: { "If-Match": revision === null ? "*" : `"${revision}"` } };
}

export function save(told: Told, graph: Graph, revision: number | null): Promise<Saved> {
  return post(told.urls.save, { graph: JSON.stringify(graph) }, match(revision));
}

export function publish(told: Told, revision: number, isOn: boolean | null, more: Record<string, string>): Promise<Saved> {
  return post(told.urls.publish, { ...more, ...(isOn === null ? {} : { on: isOn ? "1" : "0" }) }, match(revision));
}

export function rename(told: Told, name: string): Promise<Saved> {
  return post(told.urls.rename, { name });
}

export function settle(told: Told, settings: Record<string, string>): Promise<Saved> {
  return post(told.urls.settings, settings);
}

/** Count what would become of the members of a segment if they were put in. */
export async function countIn(told: Told, segment: string): Promise<PutIn> {
  const asked = new URLSearchParams({ segment });
  const answer = await fetch(`${told.urls.putIn}?${asked}`, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (answer.ok) return (await answer.json()) as PutIn;
  const said = (await answer.json().catch(() => ({}))) as { detail?: string };
  throw new Refused(said.detail ?? explain(answer.status), {}, null);
}

/** Begin to put the members of a segment in; returns where it shows how far that is. */
export async function putIn(told: Told, segment: string): Promise<string> {
  return (await post<{ job: string }>(told.urls.putIn, { segment, token: crypto.randomUUID() })).job;
}

export function look(told: Told, graph: Graph, signal: AbortSignal): Promise<Look> {
  return post(told.urls.look, { graph: JSON.stringify(graph) }, { signal });
}

export async function count(told: Told): Promise<{ counts: Record<string, Counts>; draft: DraftTold }> {
  const answer = await fetch(told.urls.counts, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) throw new Refused(explain(answer.status), {}, null);
  return (await answer.json()) as { counts: Record<string, Counts>; draft: DraftTold };
}

/** Count what would become of those who are on the way. */
export async function previewMove(url: string): Promise<Moving[]> {
  const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) throw new Refused(explain(answer.status), {}, null);
  return ((await answer.json()) as { nodes: Moving[] }).nodes;
}

const kept = new Map<string, Promise<Offer[]>>();

/** Return what can be chosen; what things are called is kept, lists are asked for anew: they grow in other tabs. */
export function offers(told: Told, query: Record<string, string>): Promise<Offer[]> {
  const asked = new URLSearchParams(query).toString();
  const known = kept.get(asked);
  if (known) return known;
  const answer = fetch(`${told.urls.values}?${asked}`, { headers: { Accept: "application/json" }, credentials: "same-origin" })
    .then(async (found) => (found.ok ? ((await found.json()) as { values: Offer[] }).values : Promise.reject(new Error())));
  if ("ids" in query) {
    kept.set(asked, answer);
    answer.catch(() => kept.delete(asked));
  }
  return answer;
}
