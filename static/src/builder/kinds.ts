// Every kind of condition: its form, and how it begins when somebody adds it.

import { beginComparison, comparison } from "./comparison";
import { kindOf } from "./forms";
import type { Form } from "./forms";
import { bought, event, firstEvent, funnel, lastEvent, notBought, season, trigger } from "./happenings";
import { isObject } from "./json";
import type { Json } from "./json";
import type { Language } from "./language";
import { consent, generic, message, near, reachable, rfmMoved, segment, share, stage } from "./standing";

const FORMS: Record<string, Form> = {
  field: comparison,
  consent,
  segment,
  message,
  trigger,
  event,
  bought,
  not_bought: notBought,
  season,
  random_bucket: share,
  funnel,
  first_event: firstEvent,
  last_event: lastEvent,
  reachable,
  rfm_moved: rfmMoved,
  near,
  stage,
};

/** Return the form that shows a condition whole; undefined where none does. */
export function formOf(raw: Json, language: Language): Form | undefined {
  const kind = kindOf(raw, [...Object.keys(FORMS), ...language.conditions.keys()]);
  if (!kind || !isObject(raw)) return undefined;
  const own = FORMS[kind];
  const described = language.conditions.get(kind);
  const form = own ?? (described && generic(described));
  return form?.fits(raw, language) ? form : undefined;
}

export interface Entry {
  label: string;
  group: string;
  icon: string;
  /** Other words by which it is found. */
  also: string;
  /** Why it cannot be chosen; empty where it can. */
  missing: string;
  begin: () => Json;
}

const DID = "What they did";
const BOUGHT = "What they bought";
const MAY = "Permission";
const WHERE = "Segments and groups";

function entry(label: string, group: string, symbol: string, also: string, raw: Json): Entry {
  return { label, group, icon: symbol, also, missing: "", begin: () => raw };
}

const KINDS: readonly Entry[] = [
  entry("Bought a category, brand or product", BOUGHT, "cart", "purchase order sku title kind", { bought: { category: [] } }),
  entry("Never bought a category, brand or product", BOUGHT, "cart", "not without exclude", {
    bought: { category: [] },
    count: { is: "=", value: 0 },
  }),
  entry("Placed an order", BOUGHT, "order", "bought anything purchase", { bought: {}, within: { days: 90 } }),
  entry("Placed no order", BOUGHT, "order", "bought nothing not without purchase", {
    bought: {},
    count: { is: "=", value: 0 },
    within: { days: 45 },
  }),
  entry("Ordered before, but not lately", BOUGHT, "order", "at risk lapsed quiet inactive", {
    field: "days_since_last_order",
    is: ">=",
    value: 60,
  }),
  entry("Bought in a season", BOUGHT, "calendar", "month quarter year christmas", { season: { months: [11, 12] }, years: 2 }),
  entry("Did something", DID, "bolt", "event count how often times sum opened clicked viewed", { event: "" }),
  entry("Did something before, but not lately", DID, "bolt", "event at risk lapsed quiet inactive stopped", {
    last_event: "",
    before: { days: 60 },
  }),
  entry("Did things one after another", DID, "flow", "funnel sequence then step", {
    funnel: [{ event: "" }, { not: "" }],
    complete_in: { days: 3 },
  }),
  entry("First time they did something", DID, "bolt", "event very first", { first_event: "" }),
  entry("Last time they did something", DID, "bolt", "event most recent", { last_event: "" }),
  entry("Permission on a channel", MAY, "mail", "consent subscribed email sms newsletter", { consent: "email", is: "subscribed" }),
  entry("Can be reached", MAY, "mail", "reachable suppressed bounce email sms", { reachable: "email", is: true }),
  entry("Is in a segment", WHERE, "segments", "list nested other", { segment: "", is: "member" }),
  entry("Lifecycle stage", WHERE, "star", "subscriber first time active loyal at risk churned won back", { stage: ["active"] }),
  entry("Moved between RFM groups", WHERE, "star", "champions loyal at risk lost", { rfm_moved: {}, within: { days: 30 } }),
  entry("A random share", WHERE, "split", "test sample percent bucket holdout", { random_bucket: { percent: 10 } }),
  entry("Lives near coordinates", "Profile", "globe", "distance km miles latitude longitude place", { near: {}, within: { km: 25 } }),
  entry("A property of your own", "Profile", "tag", "custom attribute trait birthday", { field: "properties.", type: "text", is: "=" }),
];

/** List everything that somebody can add: kinds first, then every field of the registry. */
export function listEntries(language: Language): Entry[] {
  const fields = [...language.fields.values()].map((field) => ({
    label: field.label,
    group: field.group,
    icon: "filter",
    also: `${field.name} ${field.group} ${field.unit}`,
    missing: field.missing,
    begin: () => beginComparison(field),
  }));
  const others = [...language.conditions.values()].filter(({ name }) => !(name in FORMS)).map(({ name, about, examples }) =>
    entry(name.replaceAll("_", " "), "More", "code", about, examples[0] ?? { [name]: "" }),
  );
  return [...ofMessages(language), ...ofTrigger(language), ...KINDS, nearPostcode(language.country), ...others, ...fields];
}

/** In a flow: what became of one of its messages. */
function ofMessages({ messages }: Language): Entry[] {
  const [first] = messages;
  if (!first) return [];
  return [entry("A message of this flow was opened", DID, "mail", "sent opened clicked read", { message: first.value, is: "opened" })];
}

/** In a flow that an event starts: what that one event says. */
function ofTrigger({ trigger: name }: Language): Entry[] {
  if (!name) return [];
  return [entry(`What the ${name} that started it says`, DID, "bolt", "trigger split event property this order total", { trigger: "", is: "=" })];
}

/** Offer a distance from a postcode, in the country and the unit that the merchant thinks in. */
function nearPostcode(country: string): Entry {
  const within: Json = ["GB", "US"].includes(country) ? { miles: 15 } : { km: 25 };
  const raw = { near: { postcode: "", country }, within };
  return entry("Lives near a postcode", "Profile", "globe", "distance km miles zip postal code place shop", raw);
}

/** Offer an event by its own name. */
export function offerEvent(name: string): Entry {
  return entry(name, "Events", "bolt", "did event", { event: name });
}
