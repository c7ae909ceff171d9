// One step: what it is, in words, and what happened there.

import { Handle, Position } from "@xyflow/react";
import type { NodeProps } from "@xyflow/react";
import type { ReactNode } from "react";

import type { CardNode } from "./Canvas";
import { useEditor } from "./context";
import type { Editor } from "./context";
import { Icon } from "./parts";

const HEIGHT = 82;
const END_HEIGHT = 50;
const COUNTS_HEIGHT = 30;

export function heightOf(editor: Pick<Editor, "graph" | "grammar" | "counts">, key: string): number {
  if (key === "") return HEIGHT;
  const base = editor.grammar.isEnd(editor.graph, key) ? END_HEIGHT : HEIGHT;
  return editor.counts[key] ? base + COUNTS_HEIGHT : base;
}

export function Card({ data }: NodeProps<CardNode>): ReactNode {
  const editor = useEditor();
  const { key } = data;
  return (
    <>
      {key !== "" && <Handle type="target" position={Position.Top} isConnectable={false} />}
      <CardButton cardKey={key} onOpen={(isByKey) => editor.open(key, isByKey)} />
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </>
  );
}

interface CardWords {
  kind: string;
  icon: string;
  title: string;
  text: string;
}

/** Say a step in the server's words; one that it has not seen yet by the name of its type. */
export function wordsOf(editor: Editor, key: string): CardWords {
  const { look, grammar, graph } = editor;
  if (key === "") {
    const rules = look.trigger.rules.map(([label, words]) => `${label}: ${words}`).join(" · ");
    return { kind: "trigger", icon: "bolt", title: look.trigger.title || "Choose what starts it", text: rules };
  }
  const kind = grammar.kindOf(graph.nodes[key]);
  const found = look.nodes[key];
  const isFresh = found !== undefined && kind !== undefined;
  return {
    kind: isFresh ? found.kind : "act",
    icon: kind?.icon ?? "flow",
    title: (isFresh && found.title) || kind?.title || "A step that is not known here",
    text: isFresh ? found.text : "",
  };
}

export function CardButton({ cardKey: key, onOpen }: { cardKey: string; onOpen: (isByKey: boolean) => void }): ReactNode {
  const editor = useEditor();
  const words = wordsOf(editor, key);
  const problems = editor.problemsAt(key);
  const isSelected = editor.selected.has(key);
  const counts = editor.counts[key];
  const isMovable = key !== "" && !editor.isReadOnly && !editor.grammar.isEnd(editor.graph, key);
  const fault = problems.length === 0 ? "" : problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return (
    <button
      type="button"
      className="fb-card nopan"
      data-card={key}
      data-kind={words.kind}
      data-faulty={fault ? "" : undefined}
      data-selected={isSelected ? "" : undefined}
      aria-pressed={isSelected}
      tabIndex={editor.current === key ? 0 : -1}
      draggable={isMovable}
      onDragStart={(event) => {
        event.dataTransfer.setData("text/plain", words.title);
        event.dataTransfer.effectAllowed = "copyMove";
        editor.drag({ key });
      }}
      onDragEnd={() => editor.drag(null)}
      title={isMovable ? "Drag it onto a plus to move it there, with Ctrl to copy it" : undefined}
      onFocus={() => editor.select(key, "keep")}
      onClick={(event) => {
        event.stopPropagation();
        if (event.shiftKey || event.ctrlKey || event.metaKey) editor.select(key, "toggle");
        else onOpen(event.detail === 0);
      }}
    >
      <span className="fb-card-mark">
        <Icon name={words.icon} size={18} />
      </span>
      <span className="fb-card-words">
        <span className="fb-card-title">{words.title}</span>
        {words.text && <span className="fb-card-text">{words.text}</span>}
      </span>
      {fault && (
        <span className="fb-card-fault" title={fault}>
          <Icon name="warn" />
          <span className="sr-only">{fault}</span>
        </span>
      )}
      {counts && <CardCounts kind={words.kind} counts={counts} />}
    </button>
  );
}

function CardCounts({ kind, counts }: { kind: string; counts: Editor["counts"][string] }): ReactNode {
  const figures: [string, number, string][] = [];
  if (kind === "wait" || counts.waiting > 0) figures.push(["waiting", counts.waiting, ""]);
  if (kind === "message") {
    figures.push(["sent", counts.messages["sent"] ?? 0, ""]);
    figures.push(["not sent", counts.messages["skipped"] ?? 0, ""]);
  } else {
    figures.push([kind === "end" ? "ended here" : "passed", counts.passed, ""]);
  }
  if (counts.failed > 0) figures.push(["failed", counts.failed, "bad"]);
  return (
    <span className="fb-card-counts">
      {figures.map(([label, number, tone]) => (
        <span key={label} data-tone={tone || undefined}>
          <b>{number.toLocaleString("en-GB")}</b> {label}
        </span>
      ))}
    </span>
  );
}
