// What is set of the flow as a whole: its state, who is held out, who is put in. Done at once.

import { useId, useState, type ReactNode } from "react";

import { useEditor } from "./context";
import { Dialog } from "./Dialog";
import { Icon, plural } from "./parts";
import { Combo } from "./Picker";
import { countIn, putIn, Refused, settle } from "./server";
import type { PutIn } from "./told";
import type { Draft } from "./useDraft";

const STATES: readonly [string, string, string][] = [
  ["live", "On", "People enter, and messages leave by themselves. What waits for review still waits."],
  ["manual", "Manual review", "People enter, and each message waits until somebody looked at it, for 7 days at the most."],
  ["paused", "Paused", "Nobody enters. Who is inside stays where they are, and what is too late by then is skipped."],
  ["disabled", "Off", "Nobody enters, and who is inside leaves."],
];

export function Settings({ draft, close, done }: { draft: Draft; close: () => void; done: (words: string) => void }): ReactNode {
  const { told } = useEditor();
  const { flow } = draft;
  const id = useId();
  const shown = flow.status === "draft" ? "disabled" : flow.status;
  const [state, setState] = useState(shown);
  const [share, setShare] = useState(String(flow.holdout));
  const [fault, setFault] = useState("");
  const [isBusy, setBusy] = useState(false);

  const save = async (): Promise<void> => {
    setBusy(true);
    setFault("");
    try {
      const answer = await settle(told, { holdout: share, ...(state === shown ? {} : { state }) });
      draft.named(answer.flow);
      done("The settings are saved.");
    } catch (error) {
      setFault(error instanceof Refused ? error.message : "Nothing was saved.");
      setBusy(false);
    }
  };

  return (
    <Dialog title="Settings of this flow" close={close}>
      {flow.version > 0 ? (
        <fieldset className="fb-set">
          <legend>State</legend>
          {STATES.map(([word, title, text]) => (
            <label className="check" key={word}>
              <input type="radio" name="state" checked={state === word} onChange={() => setState(word)} />
              <span>
                {title} <span className="cell-sub">{text}</span>
              </span>
            </label>
          ))}
        </fieldset>
      ) : (
        <p className="soft">Nobody can enter before it is published.</p>
      )}
      {flow.waiting > 0 && (
        <p>
          <a href={told.urls.review} target="_blank" rel="noreferrer">
            {plural(flow.waiting, "message")}
          </a>{" "}
          {flow.waiting === 1 ? "waits" : "wait"} until somebody looks at {flow.waiting === 1 ? "it" : "them"}.
        </p>
      )}
      <div className="field">
        <label className="field-label" htmlFor={id}>
          Held out, in per cent
        </label>
        <input id={id} className="input fb-short" type="text" inputMode="decimal" value={share} aria-describedby={`${id}help`} onChange={(event) => setShare(event.target.value)} />
        <p className="field-help" id={`${id}help`}>
          So many of those who would enter get nothing, always the same people, so that you see what the flow really brings. Flows with messages about orders hold nobody out.
        </p>
      </div>
      {flow.isLive && <PuttingIn />}
      {fault && (
        <p className="field-error" role="alert">
          <Icon name="error" />
          {fault}
        </p>
      )}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={close}>
          Cancel
        </button>
        <button type="button" className="button button-primary" disabled={isBusy} aria-busy={isBusy} onClick={() => void save()}>
          Save
        </button>
      </div>
    </Dialog>
  );
}

/** Members of a segment who enter now: counted first, then put in; and how programs do it. */
function PuttingIn(): ReactNode {
  const { told } = useEditor();
  const id = useId();
  const [segment, setSegment] = useState({ value: "", label: "" });
  const [counted, setCounted] = useState<PutIn | null>(null);
  const [job, setJob] = useState("");
  const [fault, setFault] = useState("");

  const ask = async (what: () => Promise<void>): Promise<void> => {
    setFault("");
    try {
      await what();
    } catch (error) {
      setFault(error instanceof Refused ? error.message : "Nobody was put in.");
    }
  };
  const pick = (value: string, label: string): void => {
    setSegment({ value, label });
    setCounted(null);
    setJob("");
    void ask(async () => setCounted(await countIn(told, value)));
  };

  return (
    <fieldset className="fb-set">
      <legend>Put people in</legend>
      <label className="field-label" htmlFor={id}>
        Members of a segment
      </label>
      <Combo id={id} of="segment" event="" text={segment.label} isListed invalid={{}} pick={(offer) => pick(offer.value, offer.label)} type={() => undefined} />
      {counted && (
        <div className="stack-small" role="status">
          <p>
            {plural(counted.enrolled, "person", "people")} of {counted.asked.toLocaleString("en-GB")} would enter
            {counted.asked < counted.members && `, counted for the first of ${counted.members.toLocaleString("en-GB")}`}.
          </p>
          {counted.refused.map(([words, number]) => (
            <p className="field-help" key={words}>
              {number.toLocaleString("en-GB")}: {words}
            </p>
          ))}
          {job ? (
            <p>
              They are being put in. <a href={job}>See how far it is</a>
            </p>
          ) : (
            <button type="button" className="button button-small" disabled={counted.enrolled === 0} onClick={() => void ask(async () => setJob(await putIn(told, segment.value)))}>
              Put them in
            </button>
          )}
        </div>
      )}
      {fault && (
        <p className="field-error" role="alert">
          <Icon name="error" />
          {fault}
        </p>
      )}
      <p className="field-help">
        Programs put people in by <code className="mono">POST {told.urls.enrolApi}</code>
      </p>
    </fieldset>
  );
}
