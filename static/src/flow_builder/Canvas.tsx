// The steps on a canvas: cards where the layout puts them, lines between them with a button to add.

import { Background, BackgroundVariant, MiniMap, ReactFlow, useReactFlow } from "@xyflow/react";
import type { Edge, Node, NodeChange } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, type KeyboardEvent, type ReactNode, type RefObject } from "react";

import { Card, heightOf } from "./Card";
import { useEditor } from "./context";
import type { Editor } from "./context";
import { layOut, WIDTH } from "./layout";
import type { Layout, Line } from "./layout";
import { Lane } from "./Lane";
import { IconButton } from "./parts";

export type CardNode = Node<{ key: string }, "card">;
export type LaneEdge = Edge<{ line: Line }, "lane">;

export const TRIGGER = "trigger:";
const NODE_TYPES = { card: Card };
const EDGE_TYPES = { lane: Lane };
const FIT = { padding: 0.12, maxZoom: 1 };
const MOST_SHOWN_WHOLE = 8;
const PAN_MS = 140;
/** Below a step stands what adds the next one. */
const ROOM_BELOW = 120;

/** The id of a card in the library, which takes no empty one. */
export function idOfCard(key: string): string {
  return key === "" ? TRIGGER : key;
}

export function keyOfCard(id: string): string {
  return id === TRIGGER ? "" : id;
}

export function useLayout(editor: Pick<Editor, "graph" | "grammar" | "counts">): Layout {
  const { graph, grammar, counts } = editor;
  return useMemo(() => layOut(graph, grammar, (key) => heightOf({ graph, grammar, counts }, key)), [graph, grammar, counts]);
}

interface CanvasProps {
  layout: Layout;
  onKeys: (event: KeyboardEvent) => void;
  children?: ReactNode;
}

export function Canvas({ layout, onKeys, children }: CanvasProps): ReactNode {
  const editor = useEditor();
  const { selected, isReadOnly } = editor;
  const flow = useReactFlow();
  const holder = useRef<HTMLDivElement>(null);

  const nodes = useMemo<CardNode[]>(
    () =>
      [...layout.places].map(([key, { x, y, height }]) => ({
        id: idOfCard(key),
        type: "card",
        position: { x: x - WIDTH / 2, y },
        width: WIDTH,
        height,
        data: { key },
        selected: selected.has(key),
        focusable: false,
        draggable: false,
        ariaRole: "group",
      })),
    [layout, selected],
  );
  const edges = useMemo<LaneEdge[]>(
    () =>
      layout.lines.map((line) => ({
        id: line.id,
        type: "lane",
        source: idOfCard(line.way.from),
        target: idOfCard(line.way.to),
        data: { line },
        focusable: false,
        selectable: false,
      })),
    [layout],
  );

  const start = useCallback((): void => {
    if (layout.places.size <= MOST_SHOWN_WHOLE) {
      void flow.fitView(FIT);
      return;
    }
    const width = holder.current?.clientWidth ?? 0;
    void flow.setViewport({ x: width / 2, y: 24, zoom: 0.9 });
  }, [flow, layout]);

  useMiddle(holder);
  useBringIntoView(layout, editor.current, holder.current);

  /** What is drawn around with the mouse is selected. */
  const change = useCallback(
    (changes: NodeChange<CardNode>[]): void => {
      for (const each of changes) {
        if (each.type === "select" && each.selected) editor.select(keyOfCard(each.id), "add");
      }
    },
    [editor],
  );

  return (
    <div className="fb-canvas" ref={holder} role="group" aria-label="Steps of the flow" aria-describedby="fb-keys" onKeyDown={onKeys} data-dragging={editor.dragged ? "" : undefined}>
      <p className="sr-only" id="fb-keys">
        Arrow keys go from step to step, Enter opens one, A adds a step after it, Shift A before it, Delete takes it out, Ctrl X and Ctrl V move it.
      </p>
      <ReactFlow<CardNode, LaneEdge>
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        onNodesChange={change}
        onInit={start}
        onPaneClick={editor.clear}
        onSelectionStart={editor.unselect}
        onSelectionEnd={() => holder.current?.querySelector<HTMLElement>(".fb-card[data-selected]")?.focus({ preventScroll: true })}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={!isReadOnly}
        selectNodesOnDrag={false}
        disableKeyboardA11y
        deleteKeyCode={null}
        selectionKeyCode="Shift"
        multiSelectionKeyCode={null}
        panOnScroll
        zoomOnDoubleClick={false}
        minZoom={0.2}
        maxZoom={1.5}
        proOptions={{ hideAttribution: true }}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} />
        <MiniMap
          className="fb-minimap"
          pannable
          zoomable
          ariaLabel="The whole flow, small"
          nodeBorderRadius={10}
          nodeStrokeWidth={0}
        />
      </ReactFlow>
      <div className="fb-zoom" role="group" aria-label="Zoom">
        <IconButton label="Zoom in" icon="plus" onClick={() => void flow.zoomIn()} />
        <IconButton label="Zoom out" icon="minus" onClick={() => void flow.zoomOut()} />
        <IconButton label="Show the whole flow" icon="screen" onClick={() => void flow.fitView(FIT)} />
      </div>
      {children}
    </div>
  );
}

/** Keep in the middle what is in the middle when the panel beside the canvas comes and goes. */
function useMiddle(holder: RefObject<HTMLDivElement | null>): void {
  const flow = useReactFlow();
  useEffect(() => {
    const watched = holder.current;
    if (!watched) return undefined;
    let last = watched.clientWidth;
    const observer = new ResizeObserver(() => {
      const width = watched.clientWidth;
      const { x, y, zoom } = flow.getViewport();
      if (width !== last) void flow.setViewport({ x: x + (width - last) / 2, y, zoom });
      last = width;
    });
    observer.observe(watched);
    return () => observer.disconnect();
  }, [flow, holder]);
}

/** Move the canvas where the step that is worked on is out of sight. */
function useBringIntoView(layout: Layout, key: string, holder: HTMLDivElement | null): void {
  const flow = useReactFlow();
  useEffect(() => {
    const place = layout.places.get(key);
    if (!place || !holder) return;
    const { x, y, zoom } = flow.getViewport();
    const [left, top] = [place.x * zoom + x, place.y * zoom + y];
    const [halfWidth, height] = [(WIDTH / 2) * zoom, place.height * zoom];
    const isAside = left - halfWidth < 0 || left + halfWidth > holder.clientWidth;
    const isAbove = top < 0 || top + height + ROOM_BELOW > holder.clientHeight;
    if (!isAside && !isAbove) return;
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    // Only what is out of sight moves, so that neighbours stay where they are.
    const next = { x: isAside ? holder.clientWidth / 2 - place.x * zoom : x, y: isAbove ? (holder.clientHeight - height) / 2 - place.y * zoom : y, zoom };
    void flow.setViewport(next, { duration: isStill ? 0 : PAN_MS });
  }, [flow, key, layout, holder]);
}
