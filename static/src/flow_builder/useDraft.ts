// The draft on the page: what it is, how it is saved, and who else saves it.

import { useCallback, useEffect, useRef, useState } from "react";

import { commit, redo, startHistory, undo } from "./history";
import type { History } from "./history";
import { Refused, save } from "./server";
import type { DraftTold, FlowTold, Graph, Theirs, Told } from "./told";

const PAUSE_MS = 600;
const AGAIN_MS = 5_000;

export type SaveState = "saved" | "unsaved" | "saving" | "failed";

export interface Draft {
  history: History;
  graph: Graph;
  flow: FlowTold;
  told: DraftTold;
  state: SaveState;
  /** Why the last save failed; empty where it did not. */
  fault: string;
  /** What somebody else saved meanwhile; nothing is saved until it is settled. */
  theirs: Theirs | null;
  change: (update: (graph: Graph) => Graph, mark?: string) => void;
  undo: () => void;
  redo: () => void;
  /** Take the saved state that another request answered with. */
  take: (saved: { flow: FlowTold; draft: DraftTold }) => void;
  named: (flow: FlowTold) => void;
  /** Save now what is not saved; returns the revision, or null where that cannot be. */
  flush: () => Promise<number | null>;
  meet: (theirs: Theirs) => void;
  overwrite: () => void;
  takeTheirs: () => void;
}

export function useDraft(told: Told): Draft {
  const [history, setHistory] = useState(() => startHistory(told.draft.graph));
  const [flow, setFlow] = useState(told.flow);
  const [known, setKnown] = useState<DraftTold>(told.draft);
  const [state, setState] = useState<SaveState>("saved");
  const [fault, setFault] = useState("");
  const [theirs, setTheirs] = useState<Theirs | null>(null);
  const { graph } = history;
  const saved = useRef(graph);
  const latest = useRef(graph);
  const revision = useRef<number | null>(told.draft.revision);
  const running = useRef<Promise<void> | null>(null);
  latest.current = graph;

  const send = useCallback(async (): Promise<void> => {
    const sent = latest.current;
    setState("saving");
    try {
      const answer = await save(told, sent, revision.current);
      saved.current = sent;
      revision.current = answer.draft.revision;
      setFlow(answer.flow);
      setKnown(answer.draft);
      setFault("");
      setState(latest.current === sent ? "saved" : "unsaved");
    } catch (error) {
      const refused = error instanceof Refused ? error : null;
      if (refused?.theirs) setTheirs(refused.theirs);
      setFault(refused && !refused.theirs ? refused.message : "");
      setState("failed");
    }
  }, [told]);

  /** One save at a time; who asks meanwhile waits for the one that runs, and then for its own. */
  const flush = useCallback(async (): Promise<number | null> => {
    if (running.current) await running.current;
    if (latest.current !== saved.current) {
      running.current = send();
      await running.current;
      running.current = null;
    }
    return latest.current === saved.current ? revision.current : null;
  }, [send]);

  useEffect(() => {
    if (graph === saved.current || theirs) return undefined;
    setState((before) => (before === "saving" ? before : "unsaved"));
    const timer = window.setTimeout(() => void flush(), fault ? AGAIN_MS : PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [graph, theirs, fault, state, flush]);

  useEffect(() => {
    const guard = (event: BeforeUnloadEvent): void => {
      if (latest.current !== saved.current) event.preventDefault();
    };
    window.addEventListener("beforeunload", guard);
    return () => window.removeEventListener("beforeunload", guard);
  }, []);

  return {
    history,
    graph,
    flow,
    told: known,
    state,
    fault,
    theirs,
    change: useCallback((update, mark) => setHistory((before) => commit(before, update(before.graph), mark)), []),
    undo: useCallback(() => setHistory(undo), []),
    redo: useCallback(() => setHistory(redo), []),
    take: useCallback((answer) => {
      revision.current = answer.draft.revision;
      setFlow(answer.flow);
      setKnown(answer.draft);
    }, []),
    named: setFlow,
    flush,
    meet: setTheirs,
    overwrite: useCallback(() => {
      revision.current = null;
      // What they saved is overwritten even where nothing of ours is new.
      saved.current = { nodes: {} };
      setTheirs(null);
      setState("unsaved");
    }, []),
    takeTheirs: () => {
      if (!theirs) return;
      revision.current = theirs.revision;
      saved.current = theirs.graph;
      setKnown(theirs);
      setHistory((before) => commit(before, theirs.graph));
      setState("saved");
      setTheirs(null);
    },
  };
}
