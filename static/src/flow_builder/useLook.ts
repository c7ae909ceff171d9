// What the server says of the draft: words of each step, problems, and what happened so far.

import { useEffect, useRef, useState } from "react";

import { count, look } from "./server";
import type { Counts, DraftTold, Graph, Look, Told } from "./told";

const PAUSE_MS = 120;
const COUNT_MS = 30_000;

/** Return the newest look, and whether it is of what stands there now. */
export function useLook(told: Told, graph: Graph): [Look, boolean] {
  const [found, setFound] = useState({ look: told.look, of: graph });
  const first = useRef(graph);

  useEffect(() => {
    if (graph === first.current) {
      setFound({ look: told.look, of: graph });
      return undefined;
    }
    const asking = new AbortController();
    const ask = (): void => {
      look(told, graph, asking.signal).then(
        (answer) => setFound({ look: answer, of: graph }),
        // A look is asked for again with the next change; until then the one before stays.
        () => undefined,
      );
    };
    const timer = window.setTimeout(ask, PAUSE_MS);
    return () => {
      window.clearTimeout(timer);
      asking.abort();
    };
  }, [told, graph]);

  return [found.look, found.of === graph];
}

/** Return what happened at each step, asked for anew while the page is seen. */
export function useCounts(told: Told, isPublished: boolean, tell: (draft: DraftTold) => void): Record<string, Counts> {
  const [counts, setCounts] = useState(told.counts);
  const listener = useRef(tell);
  listener.current = tell;

  useEffect(() => {
    const ask = (): void => {
      if (document.hidden) return;
      count(told).then(
        (answer) => {
          setCounts(answer.counts);
          listener.current(answer.draft);
        },
        () => undefined,
      );
    };
    const timer = window.setInterval(ask, COUNT_MS);
    return () => window.clearInterval(timer);
  }, [told, isPublished]);

  return counts;
}
