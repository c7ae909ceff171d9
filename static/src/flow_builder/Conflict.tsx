// Two editors at once: who saved what meanwhile, and whose work is kept.

import { useState, type ReactNode } from "react";

import { useEditor } from "./context";
import { Icon, plural } from "./parts";
import { isSame } from "./json";
import type { Graph } from "./told";
import type { Draft } from "./useDraft";

interface ConflictProps {
  draft: Draft;
  isShowing: boolean;
  show: (isShowing: boolean) => void;
}

export function Conflict({ draft, isShowing, show }: ConflictProps): ReactNode {
  const { told } = useEditor();
  const [isSure, setSure] = useState(false);
  const { theirs } = draft;
  if (!theirs) return null;
  const who = theirs.by === told.me ? "You, in another tab," : theirs.by;
  const settle = (how: () => void): void => {
    show(false);
    setSure(false);
    how();
  };
  return (
    <div className="banner fb-conflict" data-tone="warn" role="alert">
      <Icon name="warn" size={18} />
      <div>
        <p className="banner-title">
          {who} saved this flow at {theirs.at}, while you worked on it.
        </p>
        <p className="banner-text">
          {isShowing ? "You see theirs now. Nothing of yours is lost. " : "What you changed is kept on this page and is not saved yet. "}
          {differences(draft.graph, theirs.graph)}
        </p>
        <div className="row">
          <button type="button" className="button button-small" onClick={() => show(!isShowing)}>
            <Icon name="eye" />
            {isShowing ? "Back to mine" : "See theirs"}
          </button>
          <button type="button" className="button button-small" onClick={() => settle(draft.takeTheirs)}>
            Take theirs
          </button>
          {isSure ? (
            <button type="button" className="button button-small button-danger" onClick={() => settle(draft.overwrite)}>
              Yes, replace what {theirs.by === told.me ? "I" : theirs.by} saved
            </button>
          ) : (
            <button type="button" className="button button-small" onClick={() => setSure(true)}>
              Overwrite with mine…
            </button>
          )}
        </div>
      </div>
    </div>
  );
}

/** Say how far two drafts are apart. */
function differences(mine: Graph, theirs: Graph): string {
  const keys = new Set([...Object.keys(mine.nodes), ...Object.keys(theirs.nodes)]);
  const steps = [...keys].filter((key) => !isSame(mine.nodes[key], theirs.nodes[key])).length;
  const { nodes: _, ...rules } = mine;
  const { nodes: __, ...others } = theirs;
  const parts = [steps > 0 ? plural(steps, "step") : "", isSame(rules, others) ? "" : "the rules"].filter(Boolean);
  return parts.length > 0 ? `You and they differ in ${parts.join(" and ")}.` : "You and they say the same.";
}

/** Somebody else saved, and nothing of yours is in the way yet. */
export function Elsewhere({ by, at }: { by: string; at: string }): ReactNode {
  return (
    <div className="banner fb-conflict" data-tone="info" role="status">
      <Icon name="info" size={18} />
      <div>
        <p className="banner-title">
          {by} saved this flow at {at}.
        </p>
        <p className="banner-text">You see it as it was before. Once you change something you are asked whose to keep.</p>
        <button type="button" className="button button-small" onClick={() => location.reload()}>
          Show the newest
        </button>
      </div>
    </div>
  );
}
