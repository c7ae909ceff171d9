// Puts the parts together: the draft, its look, the canvas, the panel, and what is asked in between.

import { ReactFlowProvider } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";

import { AddMenu } from "./AddMenu";
import { Canvas, useLayout } from "./Canvas";
import { wordsOf } from "./Card";
import { ConditionDialog } from "./ConditionDialog";
import { Conflict, Elsewhere } from "./Conflict";
import { EditorContext } from "./context";
import type { ConditionAsked, Dragged, Editor } from "./context";
import { Grammar } from "./graph";
import type { Changed, Copied, Way } from "./graph";
import { readKeys } from "./keys";
import type { Deeds } from "./keys";
import { List } from "./List";
import { Palette } from "./Palette";
import { Panel } from "./Panel";
import { plural, toast } from "./parts";
import { Problems } from "./Problems";
import { Publish } from "./Publish";
import { Settings } from "./Settings";
import { Toolbar } from "./Toolbar";
import type { DraftTold, Graph, Problem, Told } from "./told";
import { useDraft } from "./useDraft";
import { useCounts, useLook } from "./useLook";

const EDITABLE = "(min-width: 768px)";
const FIELD = ":is(input, select, textarea, button):not(:disabled)";
/** Where a step is told what it is about, else its first field. */
const FIRST_FIELDS = [".fb-panel .fb-fields [role=combobox]:not(.fb-more *)", `.fb-panel .fb-fields ${FIELD}`];

type Side = "step" | "problems" | null;

interface Asked {
  way: Way;
  beside: DOMRect;
}

export function App({ told }: { told: Told }): ReactNode {
  const grammar = useMemo(() => new Grammar(told.types), [told]);
  const draft = useDraft(told);
  const isWide = useMedia(EDITABLE);
  const [isShowingTheirs, showTheirs] = useState(false);
  const graph = isShowingTheirs && draft.theirs ? draft.theirs.graph : draft.graph;
  const isReadOnly = !isWide || graph !== draft.graph;
  const [look, isFresh] = useLook(told, graph);
  const [elsewhere, setElsewhere] = useState<DraftTold | null>(null);
  const hear = useCallback(
    (found: DraftTold): void => setElsewhere(found.revision > draft.told.revision && found.by !== told.me ? found : null),
    [draft.told.revision, told.me],
  );
  const counts = useCounts(told, draft.flow.version > 0, hear);

  const [current, setCurrent] = useState("");
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set([""]));
  const [side, setSide] = useState<Side>(isEmpty(told.draft.graph) ? "step" : null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [condition, setCondition] = useState<ConditionAsked | null>(null);
  const [isPublishing, setPublishing] = useState(false);
  const [isSettling, setSettling] = useState(false);
  const [dragged, setDragged] = useState<Dragged | null>(null);
  const [copied, setCopied] = useState<Copied | null>(null);
  /** Steps that the next paste moves. */
  const [cut, setCut] = useState<readonly string[]>([]);
  const [said, setSaid] = useState("");
  const focus = useFocus();

  const known = current === "" || current in graph.nodes ? current : "";
  const chosen = useMemo(() => new Set([...selected].filter((key) => key === "" || key in graph.nodes)), [selected, graph]);

  const go = useCallback(
    (key: string, isOpened: boolean): void => {
      setCurrent(key);
      setSelected(new Set([key]));
      setSide(isOpened ? "step" : null);
      focus(`[data-card="${CSS.escape(key)}"]`);
    },
    [focus],
  );
  const apply = useCallback(
    (changed: Changed, words: string, isOpened: boolean): void => {
      draft.change(() => changed.graph);
      go(changed.key, isOpened);
      const lost = changed.lost > 0 ? ` ${plural(changed.lost, "step")} that nothing leads to any more went with it.` : "";
      setSaid(words + lost);
      if (lost) toast(`${words}${lost} Ctrl Z brings everything back.`);
    },
    [draft.change, go],
  );

  const editor: Editor = useMemo(() => {
    const made: Editor = {
      told,
      grammar,
      graph,
      look,
      counts,
      isReadOnly,
      selected: chosen,
      current: known,
      dragged,
      drag: setDragged,
      say: setSaid,
      problemsAt: (key) => look.problems.filter((problem) => problem.node === key),
      titleOf: (key) => wordsOf(made, key).title,
      select: (key, how) => {
        setCurrent(key);
        if (how === "one") setSelected(new Set([key]));
        if (how === "add") setSelected((before) => new Set([...before, key]));
        if (how === "toggle") setSelected((before) => toggled(before, key));
      },
      unselect: () => setSelected(new Set()),
      clear: () => {
        setSelected(new Set());
        setSide(null);
      },
      open: (key, isByKey) => {
        setCurrent(key);
        setSelected(new Set([key]));
        setSide("step");
        if (isByKey) focus(`.fb-panel-body ${FIELD}`);
      },
      focusField: () => focus(`.fb-kind-fields ${FIELD}`),
      askToAdd: (way, beside) => setAsked({ way, beside }),
      add: (way, kind, isByKey) => {
        setAsked(null);
        const changed = grammar.add(graph, way, kind);
        apply(changed, `${kind.title} added.`, true);
        // Who goes by keyboard stays at the step; everybody else says at once what it is to do.
        if (!isByKey) focus(...FIRST_FIELDS, `[data-card="${CSS.escape(changed.key)}"]`);
      },
      drop: (way, isCopy) => {
        setDragged(null);
        if (!dragged) return;
        if ("kind" in dragged) {
          made.add(way, dragged.kind, false);
          return;
        }
        const keys = chosen.size > 1 && chosen.has(dragged.key) ? [...chosen] : grammar.blockOf(graph, dragged.key);
        const taken = isCopy ? grammar.copy(graph, keys) : null;
        const changed = taken ? grammar.paste(graph, way, taken) : grammar.move(graph, way, keys);
        if (changed) apply(changed, taken ? "Copied." : "Moved.", false);
        else setSaid("It stands there already.");
      },
      change: draft.change,
      editCondition: setCondition,
    };
    return made;
  }, [told, grammar, graph, look, counts, isReadOnly, chosen, known, dragged, apply, draft.change, focus]);

  const layout = useLayout(editor);
  const wayAfter = (key: string): Way | undefined => grammar.ways(graph, key).find((way) => !way.isJump);
  const wayBeside = (key: string): Way | undefined => wayAfter(key) ?? grammar.wayTo(graph, key);

  const tell = (words: string): void => {
    setSaid(words);
    toast(words);
  };
  /** Return the chosen steps from the top, or of one alone what belongs to it. */
  const keysToTake = (alone: readonly string[]): readonly string[] => {
    if (chosen.size > 1) return [...layout.places.keys()].filter((key) => chosen.has(key));
    return known === "" || grammar.isEnd(graph, known) ? [] : alone;
  };

  const deeds: Deeds = {
    layout,
    current: known,
    go: (key, isMore) => {
      setCurrent(key);
      setSelected((before) => (isMore ? new Set([...before, known, key]) : new Set([key])));
      if (side === "problems") setSide(null);
      focus(`[data-card="${CSS.escape(key)}"]`);
    },
    addAfter: () => {
      const way = wayBeside(known);
      if (way) setAsked({ way, beside: boxOf(known) });
    },
    addBefore: () => {
      const way = known === "" ? wayAfter("") : grammar.wayTo(graph, known);
      if (way) setAsked({ way, beside: boxOf(known) });
    },
    remove: () => {
      const changed = grammar.remove(graph, [...chosen]);
      if (changed) apply(changed, "Deleted.", false);
      else setSaid("Every way ends somewhere: an end can be exchanged, not deleted.");
    },
    copy: () => {
      const taken = grammar.copy(graph, keysToTake(grammar.branchOf(graph, known)));
      if (!taken) return;
      setCopied(taken);
      setCut([]);
      tell(`${plural(Object.keys(taken.nodes).length, "step")} copied. Ctrl V pastes after the chosen step.`);
    },
    cut: () => {
      const keys = keysToTake(grammar.blockOf(graph, known));
      if (keys.length === 0) return;
      setCut(keys);
      tell(`${plural(keys.length, "step")} will move. Ctrl V puts them after the chosen step.`);
    },
    paste: () => {
      const way = wayBeside(known);
      if (!way) return;
      const moved = cut.length > 0 ? grammar.move(graph, way, cut) : null;
      setCut([]);
      if (moved) apply(moved, "Moved.", false);
      else if (copied && cut.length === 0) apply(grammar.paste(graph, way, copied), "Pasted.", false);
    },
    undo: () => {
      setSaid(draft.history.past.length > 0 ? "Undone." : "There is nothing to undo.");
      draft.undo();
    },
    redo: () => {
      setSaid(draft.history.future.length > 0 ? "Done again." : "There is nothing to do again.");
      draft.redo();
    },
    close: () => {
      setSide(null);
      focus(`[data-card="${CSS.escape(known)}"]`);
    },
    selectAll: () => setSelected(new Set(Object.keys(graph.nodes))),
  };
  useGlobalKeys(deeds, isReadOnly || condition !== null || isPublishing || isSettling);

  const duplicate = (): void => {
    const way = wayAfter(known);
    const taken = grammar.copy(graph, [known]);
    if (taken && way) apply(grammar.paste(graph, way, taken), "Duplicated.", true);
  };
  const show = (problem: Problem): void => {
    setPublishing(false);
    setCurrent(problem.node);
    setSelected(new Set([problem.node]));
    setSide("step");
    focus(fieldsAt(problem.at), `[data-card="${CSS.escape(problem.node)}"]`);
  };

  return (
    <ReactFlowProvider>
      <EditorContext value={editor}>
        <div className="fb-frame" data-side={side ?? undefined} data-read-only={isReadOnly ? "" : undefined}>
          <Toolbar
            draft={draft}
            deeds={deeds}
            side={side}
            isFresh={isFresh}
            showProblems={() => setSide(side === "problems" ? null : "problems")}
            publish={() => setPublishing(true)}
            showSettings={() => setSettling(true)}
          />
          {draft.theirs && <Conflict draft={draft} isShowing={isShowingTheirs} show={showTheirs} />}
          {!draft.theirs && elsewhere && elsewhere.revision > draft.told.revision && <Elsewhere by={elsewhere.by} at={elsewhere.at} />}
          {isWide ? (
            <div className="fb-body">
              {!isReadOnly && (
                <Palette
                  press={(kind) => {
                    // What ends a flow takes nothing away that follows the chosen step.
                    const way = grammar.ends(kind) ? (grammar.lastWay(graph, known) ?? wayBeside(known)) : wayBeside(known);
                    if (way) editor.add(way, kind, false);
                  }}
                />
              )}
              <Canvas layout={layout} onKeys={(event) => readKeys(event, deeds, isReadOnly)} />
              {side === "problems" && <Problems close={deeds.close} show={show} />}
              {side === "step" && (
                <fieldset className="fb-panel-holder" disabled={isReadOnly}>
                  <Panel cardKey={known} close={deeds.close} duplicate={duplicate} copy={deeds.copy} remove={deeds.remove} />
                </fieldset>
              )}
            </div>
          ) : (
            <List layout={layout} />
          )}
          <p className="sr-only" role="status">
            {said}
          </p>
        </div>
        {asked && (
          <AddMenu
            kinds={told.types}
            beside={asked.beside}
            pick={(kind, isByKey) => editor.add(asked.way, kind, isByKey)}
            close={() => {
              setAsked(null);
              focus(`[data-card="${CSS.escape(known)}"]`);
            }}
          />
        )}
        {condition && <ConditionDialog {...condition} close={() => setCondition(null)} />}
        {isSettling && (
          <Settings
            draft={draft}
            close={() => setSettling(false)}
            done={(words) => {
              setSettling(false);
              toast(words);
            }}
          />
        )}
        {isPublishing && (
          <Publish
            draft={draft}
            isFresh={isFresh}
            close={() => setPublishing(false)}
            show={show}
            meet={draft.meet}
            done={(saved) => {
              draft.take(saved);
              setPublishing(false);
              const { version, isLive, status } = saved.flow;
              toast(`Version ${version} is published${status === "paused" ? "; the flow stays paused" : isLive ? " and on" : ""}.`);
            }}
          />
        )}
      </EditorContext>
    </ReactFlowProvider>
  );
}

function isEmpty(graph: Graph): boolean {
  const trigger = graph["trigger"];
  return typeof trigger !== "object" || trigger === null || Object.keys(trigger).length === 0;
}

function toggled(before: ReadonlySet<string>, key: string): Set<string> {
  const next = new Set(before);
  if (!next.delete(key)) next.add(key);
  return next;
}

function boxOf(key: string): DOMRect {
  const card = document.querySelector(`[data-card="${CSS.escape(key)}"]`);
  return card?.getBoundingClientRect() ?? new DOMRect(innerWidth / 2, innerHeight / 3, 0, 0);
}

/** Say where a field may stand: at the very place, or else at the closest around it. */
function fieldsAt(at: string): string {
  const parts = at.split(".");
  const places = parts.map((_, index) => parts.slice(0, parts.length - index).join("."));
  const trigger = places.map((place) => place.replace(/^trigger\./, ""));
  return [...new Set([...places, ...trigger])]
    .filter(Boolean)
    .map((place) => `.fb-panel [data-at="${CSS.escape(place)}"] :is(input, select, textarea, button)`)
    .join(", ");
}

const MOST_FRAMES = 30;

/** Focus the first of some elements that is there; what is only being drawn is waited for. */
function useFocus(): (...wanted: string[]) => void {
  const [wanted, setWanted] = useState<readonly string[]>([]);
  useEffect(() => {
    let frame = 0;
    let frames = 0;
    const seek = (): void => {
      const found = wanted.map((selector) => selector && document.querySelector<HTMLElement>(selector)).find(Boolean);
      if (found) found.focus({ preventScroll: found.hasAttribute("data-card") });
      else if ((frames += 1) < MOST_FRAMES) frame = requestAnimationFrame(seek);
    };
    if (wanted.length > 0) seek();
    return () => cancelAnimationFrame(frame);
  }, [wanted]);
  return useCallback((...next: string[]) => setWanted(next), []);
}

function useMedia(query: string): boolean {
  const [isTrue, setTrue] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const hear = (): void => setTrue(media.matches);
    media.addEventListener("change", hear);
    return () => media.removeEventListener("change", hear);
  }, [query]);
  return isTrue;
}

/** Undo and redo work wherever the keyboard is on the page, but in dialogs. */
function useGlobalKeys(deeds: Deeds, isOff: boolean): void {
  const latest = useRef(deeds);
  latest.current = deeds;
  useEffect(() => {
    if (isOff) return undefined;
    const press = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const key = event.key.toLowerCase();
      if (key !== "z" && key !== "y") return;
      event.preventDefault();
      if (key === "y" || event.shiftKey) latest.current.redo();
      else latest.current.undo();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [isOff]);
}
