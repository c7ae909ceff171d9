// The menu of steps: searched by typing, gone through with the arrow keys, closed with Escape.

import { useEffect, useId, useMemo, useRef, useState, type CSSProperties, type KeyboardEvent, type ReactNode } from "react";

import { Icon } from "./parts";
import type { NodeKind } from "./told";

const WIDTH = 320;
const HEIGHT = 400;
const EDGE = 8;

interface AddMenuProps {
  kinds: readonly NodeKind[];
  beside: DOMRect;
  pick: (kind: NodeKind, isByKey: boolean) => void;
  close: () => void;
}

export function AddMenu({ kinds, beside, pick, close }: AddMenuProps): ReactNode {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const found = useMemo(() => search(kinds, text), [kinds, text]);
  const groups = useMemo(() => groupsOf(found), [found]);
  const ordered = groups.flatMap(([, inner]) => inner);

  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosen, text]);

  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const kind = ordered[chosen];
    if (step) setChosen((chosen + step + ordered.length) % Math.max(ordered.length, 1));
    else if (event.key === "Enter" && kind) pick(kind, true);
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <>
      <div className="fb-veil" onPointerDown={close} />
      <div className="fb-add" role="dialog" aria-label="Add a step" style={place(beside)} onKeyDown={press}>
        <label className="input-with-icon">
          <Icon name="search" />
          <input
            className="input"
            type="text"
            role="combobox"
            aria-label="Find a step"
            aria-expanded="true"
            aria-controls={`${id}list`}
            aria-autocomplete="list"
            aria-activedescendant={ordered[chosen] ? `${id}${ordered[chosen].type}` : undefined}
            autoComplete="off"
            spellCheck={false}
            placeholder="Find a step"
            value={text}
            autoFocus
            onChange={(event) => {
              setText(event.target.value);
              setChosen(0);
            }}
          />
        </label>
        <div className="fb-add-list" role="listbox" id={`${id}list`} aria-label="Steps" ref={list}>
          {groups.map(([group, inner]) => (
            <div role="group" aria-label={group} key={group}>
              <p className="fb-add-group" aria-hidden="true">
                {group}
              </p>
              {inner.map((kind) => (
                <div
                  role="option"
                  key={kind.type}
                  id={`${id}${kind.type}`}
                  className="fb-add-item"
                  aria-selected={ordered[chosen] === kind}
                  onPointerMove={() => setChosen(ordered.indexOf(kind))}
                  onClick={() => pick(kind, false)}
                >
                  <span className="fb-mark" data-group={kind.group}>
                    <Icon name={kind.icon} />
                  </span>
                  <span>
                    <span className="fb-add-title">{kind.title}</span>
                    <span className="fb-add-text">{firstSentence(kind.description)}</span>
                  </span>
                </div>
              ))}
            </div>
          ))}
        </div>
        {ordered.length === 0 && <p className="fb-add-none soft">No step is called so. Try “wait”, “split” or “email”.</p>}
      </div>
    </>
  );
}

export function firstSentence(text: string): string {
  return /^.*?\.(?=\s|$)/.exec(text)?.[0] ?? text;
}

export function groupsOf(kinds: readonly NodeKind[]): [string, NodeKind[]][] {
  const groups = new Map<string, NodeKind[]>();
  for (const kind of kinds) groups.set(kind.group, [...(groups.get(kind.group) ?? []), kind]);
  return [...groups];
}

/** What is called so comes first, then what says so of itself. */
function search(kinds: readonly NodeKind[], text: string): NodeKind[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...kinds];
  const holds = (said: string): boolean => words.every((word) => said.toLowerCase().includes(word));
  const titled = kinds.filter((kind) => holds(`${kind.title} ${kind.type} ${kind.also}`));
  return [...titled, ...kinds.filter((kind) => !titled.includes(kind) && holds(`${kind.title} ${kind.description} ${kind.group}`))];
}

function place(beside: DOMRect): CSSProperties {
  const left = Math.min(Math.max(EDGE, beside.left + beside.width / 2 - WIDTH / 2), innerWidth - WIDTH - EDGE);
  const below = beside.bottom + EDGE;
  const top = below + HEIGHT < innerHeight ? below : Math.max(EDGE, Math.min(below, innerHeight - HEIGHT - EDGE));
  return { left, top, width: WIDTH, maxHeight: HEIGHT };
}
