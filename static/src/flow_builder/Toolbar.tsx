// Above the canvas: name, whether it is saved, undo and redo, problems, publish.

import { useEffect, useState, type ReactNode } from "react";

import { useEditor } from "./context";
import type { Deeds } from "./keys";
import { Icon, IconButton, Pill, plural } from "./parts";
import { Refused, rename } from "./server";
import type { Draft } from "./useDraft";

interface ToolbarProps {
  draft: Draft;
  deeds: Deeds;
  side: string | null;
  isFresh: boolean;
  showProblems: () => void;
  publish: () => void;
  showSettings: () => void;
}

export function Toolbar({ draft, deeds, side, isFresh, showProblems, publish, showSettings }: ToolbarProps): ReactNode {
  const { look, isReadOnly } = useEditor();
  const { flow, told } = draft;
  const problems = look.problems.length;
  return (
    <div className="fb-bar" role="toolbar" aria-label="Flow">
      <NameField draft={draft} />
      <StatusPill status={flow.status} />
      {!isReadOnly && <IconButton label="Settings of this flow" icon="settings" onClick={showSettings} />}
      <SaveState draft={draft} />
      {!isReadOnly && (
        <span className="fb-deeds push">
          <IconButton label="Undo" title="Undo (Ctrl Z)" icon="undo" disabled={draft.history.past.length === 0} onClick={deeds.undo} />
          <IconButton label="Redo" title="Redo (Ctrl Shift Z)" icon="redo" disabled={draft.history.future.length === 0} onClick={deeds.redo} />
          <button type="button" className="button button-small fb-problems-button" data-faulty={problems > 0 ? "" : undefined} aria-pressed={side === "problems"} onClick={showProblems}>
            <Icon name={problems > 0 ? "warn" : "check"} />
            {problems > 0 ? plural(problems, "problem") : "No problems"}
          </button>
          <button type="button" className="button button-primary button-small" disabled={!isFresh || draft.theirs !== null || (told.isPublished && draft.state === "saved" && flow.isLive)} onClick={publish}>
            Publish…
          </button>
        </span>
      )}
    </div>
  );
}

function StatusPill({ status }: { status: string }): ReactNode {
  const looks: Record<string, [string, string, string]> = {
    live: ["good", "play", "Live"],
    draft: ["neutral", "edit", "Draft"],
    manual: ["info", "eye", "Manual review"],
    paused: ["warn", "pause", "Paused"],
    disabled: ["neutral", "pause", "Off"],
  };
  const [tone, icon, word] = looks[status] ?? ["neutral", "ring", status];
  return (
    <Pill tone={tone} icon={icon}>
      {word}
    </Pill>
  );
}

function SaveState({ draft }: { draft: Draft }): ReactNode {
  const { state, fault, told, flow, theirs } = draft;
  if (fault) {
    return (
      <span className="fb-saved tone-bad" role="alert" title={fault}>
        <Icon name="error" />
        Not saved: {fault}
      </span>
    );
  }
  if (theirs) return <span className="fb-saved tone-warn">Not saved</span>;
  const words = { saved: savedWords(told.isPublished, flow.version), unsaved: "Not saved yet", saving: "Saving…", failed: "Not saved" }[state];
  return (
    <span className="fb-saved soft" data-state={state}>
      {words}
    </span>
  );
}

function savedWords(isPublished: boolean, version: number): string {
  if (version === 0) return "Saved";
  return isPublished ? `Saved, as published in version ${version}` : `Saved, newer than version ${version}`;
}

function NameField({ draft }: { draft: Draft }): ReactNode {
  const { told, isReadOnly, say } = useEditor();
  const [name, setName] = useState(draft.flow.name);
  const [fault, setFault] = useState("");
  useEffect(() => setName(draft.flow.name), [draft.flow.name]);
  const save = async (): Promise<void> => {
    if (name.trim() === draft.flow.name) return;
    try {
      const answer = await rename(told, name);
      draft.named(answer.flow);
      setFault("");
      say("Renamed.");
    } catch (error) {
      setFault(error instanceof Refused ? error.message : "It was not renamed.");
    }
  };
  return (
    <span className="fb-name">
      <input
        className="fb-name-input"
        type="text"
        aria-label="Name of the flow"
        value={name}
        maxLength={120}
        readOnly={isReadOnly}
        aria-invalid={fault ? true : undefined}
        onChange={(event) => setName(event.target.value)}
        onBlur={() => void save()}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
        }}
      />
      {fault && (
        <span className="field-error" role="alert">
          {fault}
        </span>
      )}
    </span>
  );
}
