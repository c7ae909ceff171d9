// A field with suggestions below it: templates, segments, events, and whatever else has a name.

import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

import { useEditor, useForm } from "./context";
import { useInvalid, Wrap } from "./Frame";
import type { FieldProps } from "./Frame";
import { asList, asText, isSame, read } from "./json";
import { IconButton } from "./parts";
import { offers } from "./server";
import type { Graph, Offer } from "./told";

/** What is on a list, and nothing else can be meant. */
const LISTED = new Set(["template", "segment", "coupon", "endpoint"]);
const NONE: ReadonlySet<string> = new Set();
const PAUSE_MS = 150;
const NAMES: Record<string, string> = {
  template: "templates",
  segment: "segments",
  coupon: "coupons",
  endpoint: "endpoints",
};

export function Picker(props: FieldProps): ReactNode {
  const { schema, path, value } = props;
  const form = useForm();
  const { told, graph } = useEditor();
  const of = schema.format ?? "";
  const isListed = LISTED.has(of);
  const said = asText(value);
  const chosen = useChosen(of, said, isListed);
  const label = said && (chosen?.label ?? "…");
  const id = useId();

  /** A template brings its channel and its class with it, an event that it is of the same order. */
  const pick = (offer: Offer): void => {
    const mark = `${form.path}.pick`;
    const outer = path.slice(0, -1);
    form.change(path, offer.value, mark);
    const about = told.about[offer.value];
    if (of === "event" && about && isSame(about.same, told.about[form.event]?.same) && offer.value !== form.event) {
      if (read(form.value, [...outer, "same"]) === undefined) form.change([...outer, "same"], about.same, mark);
      if (outer[0] === "any_of" && outer[1] === 0 && said === "") form.change(["timeout"], about.timeout, mark);
    }
    if (of !== "template" || !offer.more) return;
    const { channel = "email", message_class: kind = "" } = offer.more;
    form.change([...outer, "channel"], channel === "email" ? undefined : channel, mark);
    form.change([...outer, "message_class"], kind, mark);
  };
  // What is chosen by its name needs no word on keys and ids.
  const { description: _, ...bare } = schema;
  return (
    <Wrap {...props} schema={isListed ? bare : schema} control={id}>
      <div className="fb-inline">
        <Combo
          id={id}
          of={of}
          event={form.event}
          text={isListed ? label : said}
          isListed={isListed}
          later={of === "template" ? usedIn(graph) : NONE}
          invalid={useInvalid(path)}
          pick={pick}
          type={(text) => form.change(path, text || undefined, path.join("."))}
        />
        {isListed && said && !props.isRequired && <IconButton label="Take out" icon="x" onClick={() => form.change(path, undefined)} />}
      </div>
      {of === "template" && (
        <p className="field-help">
          {chosen?.more && (
            <>
              <a href={`${told.urls.templates}${chosen.more["id"]}/`} target="_blank" rel="noreferrer">
                See, edit or test it
              </a>
              {", or "}
            </>
          )}
          <a href={told.urls.templates} target="_blank" rel="noreferrer">
            {chosen?.more ? "write a new one" : "Write a new template"}
          </a>{" "}
          in another tab; it is on the list at once.
        </p>
      )}
    </Wrap>
  );
}

/** Return the templates that messages of the flow send already. */
function usedIn(graph: Graph): ReadonlySet<string> {
  return new Set(Object.values(graph.nodes).map((node) => asText(node["template"])));
}

/** Return what is chosen as it is on offer; what is gone keeps its number or key for a name. */
function useChosen(of: string, value: string, isListed: boolean): Offer | null {
  const { told } = useEditor();
  const [found, setFound] = useState<Offer | null>(null);
  useEffect(() => {
    if (!isListed || !value) return undefined;
    let isGone = false;
    offers(told, { of, ids: value }).then(
      (list) => {
        const offer = list.find((one) => one.value === value);
        if (!isGone) setFound(offer ?? { value, label: `${value} (deleted)`, note: "", more: null });
      },
      () => undefined,
    );
    return () => {
      isGone = true;
    };
  }, [told, of, value, isListed]);
  return value && found?.value === value ? found : null;
}

interface ComboProps {
  id: string;
  of: string;
  event: string;
  text: string;
  isListed: boolean;
  /** Values that stand last in the whole list. */
  later?: ReadonlySet<string>;
  invalid: object;
  label?: string;
  pick: (offer: Offer) => void;
  type: (text: string) => void;
}

export function Combo({ id, of, event: happening, text, isListed, later = NONE, invalid, label, pick, type }: ComboProps): ReactNode {
  const { told } = useEditor();
  const [typed, setTyped] = useState<string | null>(null);
  const [hits, setHits] = useState<Offer[] | null>(null);
  const [chosen, setChosen] = useState(-1);
  const timer = useRef(0);
  const asked = useRef(0);
  const box = useRef<HTMLDivElement>(null);

  const ask = (words: string): void => {
    window.clearTimeout(timer.current);
    const turn = (asked.current += 1);
    timer.current = window.setTimeout(() => {
      offers(told, { of, text: words, ...(of === "event-property" ? { event: happening } : {}) }).then(
        (list) => {
          if (turn !== asked.current) return;
          setHits(words ? list : [...list.filter((one) => !later.has(one.value)), ...list.filter((one) => later.has(one.value))]);
          setChosen(words && list.length > 0 ? 0 : -1);
        },
        () => setHits(null),
      );
    }, words ? PAUSE_MS : 0);
  };
  const close = (): void => {
    asked.current += 1;
    window.clearTimeout(timer.current);
    setHits(null);
    setTyped(null);
  };
  const take = (offer: Offer): void => {
    close();
    pick(offer);
  };
  const press = (event: KeyboardEvent): void => {
    const count = hits?.length ?? 0;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const offer = hits?.[chosen];
    if (step && hits === null) ask("");
    else if (step && count > 0) setChosen((chosen + step + count) % count);
    else if (event.key === "Enter" && offer) take(offer);
    else if (event.key === "Escape" && hits !== null) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  useEffect(() => {
    box.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  const isOpen = hits !== null && (hits.length > 0 || isListed);
  return (
    <div className="fb-combo">
      <input
        id={id}
        type="text"
        className="input"
        role="combobox"
        aria-label={label}
        aria-expanded={isOpen}
        aria-controls={`${id}list`}
        aria-autocomplete="list"
        aria-activedescendant={isOpen && chosen >= 0 ? `${id}${chosen}` : undefined}
        autoComplete="off"
        spellCheck={false}
        placeholder={isListed ? "Search…" : "Choose or type"}
        value={typed ?? text}
        {...invalid}
        onFocus={(event) => {
          event.target.select();
          ask("");
        }}
        onClick={() => {
          if (hits === null) ask("");
        }}
        onChange={(event) => {
          setTyped(event.target.value);
          ask(event.target.value);
          if (!isListed) type(event.target.value);
        }}
        onBlur={close}
        onKeyDown={press}
      />
      {isOpen && (
        <div className="fb-hits" role="listbox" id={`${id}list`} ref={box}>
          {hits.map((offer, index) => (
            <div
              key={offer.value}
              id={`${id}${index}`}
              role="option"
              className="fb-hit"
              aria-selected={index === chosen}
              onPointerDown={(event) => {
                event.preventDefault();
                take(offer);
              }}
            >
              <span className="truncate">{offer.label}</span>
              {offer.note && <span className="fb-hit-note">{offer.note}</span>}
            </div>
          ))}
          {hits.length === 0 && (
            <p className="fb-hit soft" role="option" aria-selected="false" aria-disabled="true">
              No {NAMES[of] ?? "such thing"} found
            </p>
          )}
        </div>
      )}
    </div>
  );
}

/** Texts as chips: tags, and names of properties. */
export function TagField(props: FieldProps): ReactNode {
  const { schema, path, value } = props;
  const form = useForm();
  const id = useId();
  const [text, setText] = useState("");
  const list = asList(value).map(asText);
  const set = (next: string[]): void => form.change(path, next.length > 0 ? next : undefined);
  const add = (word: string): void => {
    setText("");
    if (word.trim() && !list.includes(word.trim())) set([...list, word.trim()]);
  };
  return (
    <Wrap {...props} control={id}>
      {list.length > 0 && (
        <ul className="fb-tags">
          {list.map((word) => (
            <li key={word} className="tag">
              {word}
              <IconButton label={`Take out ${word}`} icon="x" onClick={() => set(list.filter((each) => each !== word))} />
            </li>
          ))}
        </ul>
      )}
      <div
        className="fb-inline"
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.defaultPrevented) return;
          event.preventDefault();
          add(text);
        }}
      >
        <Combo id={id} of={schema.items?.format ?? ""} event={form.event} text={text} isListed={false} invalid={useInvalid(path)} pick={(offer) => add(offer.value)} type={setText} />
        <button type="button" className="button button-small" disabled={!text.trim()} onClick={() => add(text)}>
          Add
        </button>
      </div>
    </Wrap>
  );
}
