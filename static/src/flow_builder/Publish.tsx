// Publishing: what is in the way, what happens to people inside, and whether it is switched on.

import { useState, type ReactNode } from "react";

import { useEditor } from "./context";
import { Dialog } from "./Dialog";
import { Inside } from "./Inside";
import { Icon } from "./parts";
import { ProblemList } from "./Problems";
import { publish, Refused } from "./server";
import type { Saved } from "./server";
import type { Problem, Theirs } from "./told";
import type { Draft } from "./useDraft";

interface PublishProps {
  draft: Draft;
  isFresh: boolean;
  close: () => void;
  show: (problem: Problem) => void;
  done: (saved: Saved) => void;
  meet: (theirs: Theirs) => void;
}

export function Publish({ draft, isFresh, close, show, done, meet }: PublishProps): ReactNode {
  const { told, look } = useEditor();
  const { flow } = draft;
  const [isOn, setOn] = useState(true);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const [isMoving, setMoving] = useState(false);

  const send = async (): Promise<void> => {
    setBusy(true);
    setFault("");
    try {
      const revision = await draft.flush();
      if (revision === null) throw new Refused("The draft could not be saved, so nothing was published.", {}, null);
      done(await publish(told, revision, flow.isLive ? null : isOn, isMoving ? { people: "move" } : {}));
    } catch (error) {
      if (error instanceof Refused && error.theirs) meet(error.theirs);
      setFault(error instanceof Refused ? [error.message, ...Object.entries(error.fields).map(([at, text]) => `${at}: ${text}`)].join(" ") : "Nothing was published.");
      setBusy(false);
    }
  };

  if (look.problems.length > 0) {
    return (
      <Dialog title="Not ready to publish" close={close}>
        <p>Mend {look.problems.length === 1 ? "this" : "these"} first. Your draft is saved as it is.</p>
        <ProblemList problems={look.problems} tone="bad" show={show} />
      </Dialog>
    );
  }
  return (
    <Dialog title={flow.version === 0 ? "Publish this flow?" : `Publish version ${flow.version + 1}?`} close={close}>
      {look.advice.length > 0 && <ProblemList problems={look.advice} tone="warn" show={show} />}
      {flow.isLive ? (
        <Inside draft={draft} isMoving={isMoving} choose={setMoving} />
      ) : (
        <fieldset className="fb-set">
          <legend>And then</legend>
          <label className="check">
            <input type="radio" name="on" checked={isOn} onChange={() => setOn(true)} />
            <span>Switch it on: people enter from now on. What happened before starts nothing.</span>
          </label>
          <label className="check">
            <input type="radio" name="on" checked={!isOn} onChange={() => setOn(false)} />
            <span>Keep it off: nobody enters yet.</span>
          </label>
        </fieldset>
      )}
      {flow.version > 0 && (
        <p>
          <a href={told.urls.changes} target="_blank" rel="noreferrer">
            See what changes
          </a>{" "}
          from version {flow.version}, in another tab.
        </p>
      )}
      {fault && (
        <p className="field-error" role="alert">
          <Icon name="error" />
          {fault}
        </p>
      )}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={close}>
          Not yet
        </button>
        <button type="button" className="button button-primary" disabled={isBusy || !isFresh} aria-busy={isBusy} onClick={() => void send()}>
          {flow.isLive || !isOn ? "Publish" : "Publish and switch on"}
        </button>
      </div>
    </Dialog>
  );
}
