// A line between two steps: the name of the way, who went it, and a button that adds a step there.

import { BaseEdge, EdgeLabelRenderer } from "@xyflow/react";
import type { EdgeProps } from "@xyflow/react";
import { useState, type CSSProperties, type DragEvent, type ReactNode } from "react";

import type { LaneEdge } from "./Canvas";
import { useEditor } from "./context";
import type { Way } from "./graph";
import { Icon } from "./parts";
import type { WayLook } from "./told";

export function Lane({ id, data }: EdgeProps<LaneEdge>): ReactNode {
  const editor = useEditor();
  if (!data) return null;
  const { line } = data;
  const name = nameOf(editor, line.way);
  const visits = name ? editor.counts[line.way.from]?.results[name.word] : undefined;
  return (
    <>
      <BaseEdge id={id} path={line.path} className={line.isBack ? "fb-line fb-line-back" : "fb-line"} />
      <EdgeLabelRenderer>
        {name && (
          <span className="fb-way" data-tone={name.tone} style={at(line.label)}>
            {name.label}
            {visits !== undefined && <span className="fb-way-count">{visits.toLocaleString("en-GB")}</span>}
          </span>
        )}
        {!line.isBack && !editor.isReadOnly && <Plus way={line.way} place={line.plus} />}
      </EdgeLabelRenderer>
    </>
  );
}

function at({ x, y }: { x: number; y: number }): CSSProperties {
  return { transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` };
}

/** Name a way of several; the only way of a step needs no name. */
function nameOf(editor: ReturnType<typeof useEditor>, way: Way): WayLook | null {
  const ways = editor.grammar.ways(editor.graph, way.from);
  if (ways.length < 2) return null;
  const index = ways.findIndex((each) => each.at.join(".") === way.at.join("."));
  const found = editor.look.nodes[way.from]?.ways[index];
  return found ?? { word: "", label: way.title, tone: "neutral", symbol: "split" };
}

function Plus({ way, place }: { way: Way; place: { x: number; y: number } }): ReactNode {
  const editor = useEditor();
  const [isOver, setOver] = useState(false);
  const { dragged } = editor;
  const before = editor.titleOf(way.from);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    if (dragged) editor.add(way, dragged);
  };
  return (
    <button
      type="button"
      className="fb-plus nopan"
      style={at(place)}
      data-over={isOver ? "" : undefined}
      data-after={way.from}
      data-way={way.at.join(".")}
      aria-label={`Add a step after ${before}${way.from && way.title !== "Then" ? `: ${way.title}` : ""}`}
      title="Add a step here"
      tabIndex={-1}
      onClick={(event) => editor.askToAdd(way, event.currentTarget.getBoundingClientRect())}
      onDragOver={(event) => {
        if (!dragged) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Icon name="plus" />
    </button>
  );
}
