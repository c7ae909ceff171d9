// The list of steps at the left: dragged onto a plus of the canvas, or pressed to add after the chosen step.

import type { ReactNode } from "react";

import { firstSentence, groupsOf } from "./AddMenu";
import { useEditor } from "./context";
import { Icon } from "./parts";
import type { NodeKind } from "./told";

export function Palette({ press }: { press: (kind: NodeKind) => void }): ReactNode {
  const { told, drag } = useEditor();
  return (
    <div className="fb-palette" role="group" aria-label="Steps to add">
      {groupsOf(told.types).map(([group, kinds]) => (
        <section key={group} aria-label={group}>
          <h2 className="fb-palette-title">{group}</h2>
          {kinds.map((kind) => (
            <button
              key={kind.type}
              type="button"
              className="fb-palette-item"
              title={`${firstSentence(kind.description)} Drag it onto a plus.`}
              draggable
              onDragStart={(event) => {
                event.dataTransfer.setData("text/plain", kind.title);
                event.dataTransfer.effectAllowed = "copy";
                drag({ kind });
              }}
              onDragEnd={() => drag(null)}
              onClick={() => press(kind)}
            >
              <span className="fb-mark" data-group={kind.group}>
                <Icon name={kind.icon} />
              </span>
              <span>{kind.title}</span>
            </button>
          ))}
        </section>
      ))}
    </div>
  );
}
