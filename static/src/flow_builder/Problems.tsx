// What is to be mended before the flow can be published, and what may be better.

import type { ReactNode } from "react";

import { useEditor } from "./context";
import { speakFault } from "./Panel";
import { Icon, IconButton, plural } from "./parts";
import type { Problem } from "./told";

interface ProblemsProps {
  close: () => void;
  show: (problem: Problem) => void;
}

export function Problems({ close, show }: ProblemsProps): ReactNode {
  const { look } = useEditor();
  return (
    <aside className="fb-panel" aria-label="Problems">
      <header className="fb-panel-head">
        <h2>{look.problems.length === 0 ? "No problems" : plural(look.problems.length, "problem")}</h2>
        <IconButton label="Close" icon="x" onClick={close} />
      </header>
      <div className="fb-panel-body">
        {look.problems.length === 0 && <p className="soft">This flow can be published as it is.</p>}
        <ProblemList problems={look.problems} tone="bad" show={show} />
        {look.advice.length > 0 && (
          <>
            <h3 className="fb-panel-part">Worth a thought</h3>
            <ProblemList problems={look.advice} tone="warn" show={show} />
          </>
        )}
      </div>
    </aside>
  );
}

export function ProblemList({ problems, tone, show }: { problems: readonly Problem[]; tone: "bad" | "warn"; show: (problem: Problem) => void }): ReactNode {
  const editor = useEditor();
  const { told, grammar, graph, titleOf } = editor;
  if (problems.length === 0) return null;
  return (
    <ul className="fb-problems">
      {problems.map((problem) => {
        const schema = problem.node === "" ? told.rules : grammar.kindOf(graph.nodes[problem.node])?.schema;
        const said = problem.at === "" ? `This step ${problem.text}.` : speakFault(schema, problem);
        return (
          <li key={`${problem.node}.${problem.at}`}>
            <button type="button" className="fb-problem" onClick={() => show(problem)}>
              <span className={`tone-${tone}`}>
                <Icon name={tone === "bad" ? "error" : "info"} />
              </span>
              <span>
                <strong>{titleOf(problem.node)}</strong>
                <span className="fb-problem-text">{said}</span>
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
