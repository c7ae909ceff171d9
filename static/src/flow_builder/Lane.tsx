// A line between two steps: the name of the way, who went it, and a button that adds a step there.

import { BaseEdge, EdgeLabelRenderer } from "@xyflow/react";
import type { EdgeProps } from "@xyflow/react";
import { useState, type CSSProperties, type DragEvent, type ReactNode } from "react";

import type { LaneEdge } from "./Canvas";
import { useEditor } from "./context";
import type { Editor } from "./context";
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
        {!line.isBack && !editor.isReadOnly && <Plus way={line.way} place={line.plus} label={labelOf(editor, line.way)} />}
        {line.join && !editor.isReadOnly && <JoinPlus to={line.way.to} place={line.join} />}
      </EdgeLabelRenderer>
    </>
  );
}

function at({ x, y }: { x: number; y: number }): CSSProperties {
  return { transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` };
}

/** Name a way of several; the only way of a step needs no name. */
function nameOf(editor: Editor, way: Way): WayLook | null {
  const ways = editor.grammar.ways(editor.graph, way.from);
  if (ways.length < 2) return null;
  const index = ways.findIndex((each) => each.at.join(".") === way.at.join("."));
  const found = editor.look.nodes[way.from]?.ways[index];
  return found ?? { word: "", label: way.title, tone: "neutral", symbol: "split" };
}

/** Say whether a card that is dragged is to stay where it is as well. */
function isCopying(event: DragEvent): boolean {
  return event.ctrlKey || event.altKey;
}

interface PlusProps {
  way: Way;
  place: { x: number; y: number };
  label: string;
}

function labelOf(editor: Editor, way: Way): string {
  return `Add a step after ${editor.titleOf(way.from)}${way.from && way.title !== "Then" ? `: ${way.title}` : ""}`;
}

/** A button where several ways have come together: what is added there is for all of them. */
function JoinPlus({ to, place }: { to: string; place: PlusProps["place"] }): ReactNode {
  const { grammar, graph, titleOf } = useEditor();
  const way = grammar.wayTo(graph, to);
  return way && <Plus way={way} place={place} label={`Add a step before ${titleOf(to)}, for all who come there`} />;
}

function Plus({ way, place, label }: PlusProps): ReactNode {
  const editor = useEditor();
  const [isOver, setOver] = useState(false);
  const { dragged } = editor;
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    editor.drop(way, isCopying(event));
  };
  return (
    <button
      type="button"
      className="fb-plus nopan"
      style={at(place)}
      data-over={isOver ? "" : undefined}
      data-after={way.from}
      data-way={way.at.join(".")}
      data-joined={way.along?.length ? "" : undefined}
      aria-label={label}
      title={way.along?.length ? "Add a step here, for all who come this far" : "Add a step here"}
      tabIndex={-1}
      onClick={(event) => editor.askToAdd(way, event.currentTarget.getBoundingClientRect())}
      onDragOver={(event) => {
        if (!dragged) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "kind" in dragged || isCopying(event) ? "copy" : "move";
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Icon name="plus" />
    </button>
  );
}
