// What happens to those who are on the way when a new version is published.

import { useEffect, useState, type ReactNode } from "react";

import { useEditor } from "./context";
import { Icon, plural } from "./parts";
import { previewMove } from "./server";
import type { Moving } from "./told";
import type { Draft } from "./useDraft";

interface InsideProps {
  draft: Draft;
  isMoving: boolean;
  choose: (isMoving: boolean) => void;
}

const STAY = "They stay in the version that they entered with and finish it.";

export function Inside({ draft, isMoving, choose }: InsideProps): ReactNode {
  const { told, counts } = useEditor();
  const { moving: url } = told.urls;
  const [steps, setSteps] = useState<Moving[] | null>(null);
  const inside = Object.values(counts).reduce((sum, each) => sum + each.waiting, 0);

  useEffect(() => {
    if (!url) return undefined;
    let isGone = false;
    // The preview is of what is saved.
    void draft
      .flush()
      .then(() => previewMove(url))
      .then(
        (found) => {
          if (!isGone) setSteps(found);
        },
        () => undefined,
      );
    return () => {
      isGone = true;
    };
  }, [url]);

  const people = steps ? steps.reduce((sum, each) => sum + each.people, 0) : inside;
  if (!url || people === 0) {
    return (
      <p className="fb-inside">
        <Icon name="people" />
        <span>
          <strong>{people === 0 ? "Nobody is on the way." : `${plural(people, "person is", "people are")} on the way.`}</strong> {people > 0 && STAY} From now on people enter this version.
        </span>
      </p>
    );
  }
  return (
    <fieldset className="fb-set">
      <legend>{plural(people, "person is", "people are")} on the way</legend>
      <label className="check">
        <input type="radio" name="inside" checked={!isMoving} onChange={() => choose(false)} />
        <span>{STAY}</span>
      </label>
      <label className="check">
        <input type="radio" name="inside" checked={isMoving} onChange={() => choose(true)} />
        <span>Move them to this version. When they are due stays as it was.</span>
      </label>
      {isMoving && <MoveList steps={steps ?? []} />}
    </fieldset>
  );
}

function MoveList({ steps }: { steps: readonly Moving[] }): ReactNode {
  const count = (outcome: Moving["outcome"]): number => steps.filter((each) => each.outcome === outcome).reduce((sum, each) => sum + each.people, 0);
  const others = steps.filter((each) => each.outcome !== "moved");
  return (
    <div className="fb-moving">
      <p>
        {count("moved").toLocaleString("en-GB")} stay at their step, {count("falls").toLocaleString("en-GB")} go on at the next one that is left, {count("exits").toLocaleString("en-GB")} leave.
      </p>
      {others.length > 0 && (
        <ul className="soft small">
          {others.map((each) => (
            <li key={`${each.title}${each.outcome}${each.target_title}`}>
              {each.people.toLocaleString("en-GB")} at “{each.title}” {each.outcome === "falls" ? `go on at “${each.target_title}”` : "leave: nothing follows it any more"}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
