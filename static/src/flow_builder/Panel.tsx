// What is set at one step, or at what starts the flow: a form beside the canvas.

import { useMemo, useRef, type ReactNode } from "react";

import { firstSentence } from "./AddMenu";
import { wordsOf } from "./Card";
import { FormContext, useEditor } from "./context";
import type { Editor, FormScope } from "./context";
import { Fields, fits } from "./Form";
import { titleOf } from "./Frame";
import { begin, withNode } from "./graph";
import { asObj, asText, isSame, put } from "./json";
import type { Json, Obj, Path } from "./json";
import { Icon, IconButton, plain } from "./parts";
import type { Graph, Kind, Problem, Schema, Told } from "./told";

const ONCE: Obj = { policy: "once" };

interface PanelProps {
  cardKey: string;
  close: () => void;
  duplicate: () => void;
  copy: () => void;
  remove: () => void;
}

export function Panel({ cardKey: key, close, duplicate, copy, remove }: PanelProps): ReactNode {
  const editor = useEditor();
  const words = wordsOf(editor, key);
  const kind = editor.grammar.kindOf(editor.graph.nodes[key]);
  const isEnd = key !== "" && editor.grammar.isEnd(editor.graph, key);
  const title = key === "" ? "What starts it" : (kind?.title ?? "A step that is not known here");
  return (
    <aside className="fb-panel" aria-label={title} key={key}>
      <header className="fb-panel-head">
        <span className="fb-mark" data-kind={words.kind}>
          <Icon name={words.icon} size={18} />
        </span>
        <h2>{title}</h2>
        <IconButton label="Close" icon="x" onClick={close} />
      </header>
      <div className="fb-panel-body">
        {key === "" ? <TriggerForm /> : <NodeForm cardKey={key} />}
      </div>
      {key !== "" && !editor.isReadOnly && (
        <footer className="fb-panel-foot">
          {!isEnd && (
            <>
              <button type="button" className="button button-small button-quiet" title="A copy of this step, right after it" onClick={duplicate}>
                <Icon name="copy" />
                Duplicate
              </button>
              <button type="button" className="button button-small button-quiet" title="Copy this step and all that follows it (Ctrl C)" onClick={copy}>
                <Icon name="flow" />
                Copy branch
              </button>
            </>
          )}
          {!isEnd && (
            <button type="button" className="button button-small button-quiet fb-danger push" onClick={remove}>
              <Icon name="trash" />
              Delete
            </button>
          )}
        </footer>
      )}
    </aside>
  );
}

/** Say a fault as a sentence about its field. */
export function speakFault(schema: Schema | undefined, problem: Problem): string {
  const name = problem.at.split(".").filter((part) => !/^\d+$/.test(part)).at(-1) ?? "";
  const found = schema && name ? findPart(schema, problem.at.split(".")) : undefined;
  const subject = found ? titleOf(found, name) : plain(name);
  const begins = /^(is|are|must|needs|has|leads|names|asks|goes|gives|changes|cannot|does|sets)\b/.test(problem.text);
  const said = begins && subject ? `${subject} ${problem.text}` : problem.text;
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${/[.!?]$/.test(said) ? "" : "."}`;
}

function findPart(schema: Schema, path: string[]): Schema | undefined {
  let found: Schema | undefined = schema;
  for (const name of path) {
    if (!found) return undefined;
    const variants: Schema[] = found.anyOf ?? [found];
    found = /^\d+$/.test(name) ? found.items : variants.map((each) => each.properties?.[name]).find((each) => each !== undefined);
  }
  return found;
}

/** Make the scope of a form whose values stand at a place of the definition. */
function useScope(path: string, value: Json, schema: Schema | undefined, write: (graph: Graph, next: Json) => Graph, node: string): FormScope {
  const editor = useEditor();
  return useMemo(() => {
    const problems = editor.problemsAt(node);
    const prefix = node === "" && path ? `${path}.` : "";
    const readFrom = (graph: Graph): Json => (node === "" ? (path ? (graph[path] ?? {}) : graph) : (graph.nodes[node] ?? {}));
    return {
      path,
      value,
      event: asText(asObj(editor.graph["trigger"])["event"]),
      change: (at: Path, next: Json | undefined, mark?: string) =>
        editor.change(
          (graph) => editor.grammar.settle(graph, write(graph, put(readFrom(graph), at, next)), node).graph,
          mark && `${path}.${mark}`,
        ),
      addItem: (at: Path, item: Json) =>
        editor.change((graph) =>
          node === "" ? write(graph, put(readFrom(graph), at, item)) : editor.grammar.addItem(graph, node, at, item),
        ),
      faultAt: (at: Path) => {
        const place = prefix + at.join(".");
        const found = problems.find((problem) => problem.at === place);
        return found ? speakFault(schema, { ...found, at: at.join(".") }) : "";
      },
    };
  }, [editor, path, value, schema, write, node]);
}

function NodeForm({ cardKey: key }: { cardKey: string }): ReactNode {
  const editor = useEditor();
  const node = editor.graph.nodes[key] ?? {};
  const kind = editor.grammar.kindOf(node);
  const write = useMemo(() => (graph: Graph, next: Json): Graph => withNode(graph, key, asObj(next)), [key]);
  const scope = useScope(`nodes.${key}`, node, kind?.schema, write, key);
  if (!kind) return <p className="soft">This step is of a type that the builder does not know. It is kept as it is.</p>;
  return (
    <FormContext value={scope}>
      <p className="fb-about">{kind.description}</p>
      <Unplaced problems={editor.problemsAt(key)} schema={kind.schema} />
      <div className="fb-fields">
        <Fields schema={kind.schema} path={[]} value={node} />
        <OptionalWays schema={kind.schema} node={node} cardKey={key} />
      </div>
    </FormContext>
  );
}

/** Problems of the step as a whole, which stand at no field. */
function Unplaced({ problems, schema }: { problems: readonly Problem[]; schema: Schema | undefined }): ReactNode {
  const whole = problems.filter((problem) => problem.at === "" || problem.at.endsWith("next") || problem.at === "type");
  return whole.map((problem) => (
    <p className="field-error" key={problem.at + problem.text}>
      <Icon name="error" />
      {problem.at === "" ? `This step ${problem.text}.` : speakFault(schema, problem)}
    </p>
  ));
}

/** A way out that a step may have or not. */
function OptionalWays({ schema, node, cardKey: key }: { schema: Schema; node: Obj; cardKey: string }): ReactNode {
  const editor = useEditor();
  const names = Object.entries(schema.properties ?? {}).filter(([name, part]) => part.format === "node" && !(schema.required ?? []).includes(name));
  const toggle = (name: string, isOn: boolean): void =>
    editor.change((graph) => {
      if (isOn) return editor.grammar.addItem(graph, key, [name], "");
      const next = withNode(graph, key, asObj(put(graph.nodes[key], [name], undefined)));
      return editor.grammar.settle(graph, next, key).graph;
    });
  return names.map(([name, part]) => (
    <div className="field" key={name}>
      <label className="check">
        <input type="checkbox" checked={name in node} onChange={(event) => toggle(name, event.target.checked)} />
        <span>A way of its own: {titleOf(part, name).toLowerCase()}</span>
      </label>
      {part.description && <p className="field-help">{part.description}</p>}
    </div>
  ));
}

/** Return the kind of trigger that stands there: it has the required keys, and the constants before all. */
export function triggerOf(editor: Editor): Kind | undefined {
  const trigger = asObj(editor.graph["trigger"]);
  const [only] = Object.keys(trigger);
  if (only === undefined) return undefined;
  const constants = (kind: Kind): number => Object.values(kind.schema.properties ?? {}).filter((part) => part.const !== undefined).length;
  const exact = [...editor.told.triggers].sort((one, other) => constants(other) - constants(one));
  return exact.find((kind) => (kind.schema.required ?? []).every((name) => name in trigger) && fits(kind.schema, trigger));
}

/** Let something else start the flow; how often people enter follows it where nobody chose otherwise. */
function startBy(told: Told, before: Graph, trigger: Obj): Graph {
  const usual = (of: Obj): Obj => told.reentry.events[asText(of["event"])] ?? told.reentry.keys[Object.keys(of)[0] ?? ""] ?? ONCE;
  const isUsual = isSame(before["reentry"] ?? ONCE, usual(asObj(before["trigger"])));
  return { ...before, trigger, ...(isUsual ? { reentry: usual(trigger) } : {}) };
}

function TriggerForm(): ReactNode {
  const editor = useEditor();
  const { told, graph } = editor;
  const trigger = asObj(graph["trigger"]);
  const chosen = triggerOf(editor);
  const writeTrigger = useMemo(() => (before: Graph, next: Json): Graph => startBy(told, before, asObj(next)), [told]);
  const writeRules = useMemo(() => (_: Graph, next: Json): Graph => asObj(next) as Graph, []);
  const scope = useScope("trigger", trigger, chosen?.schema, writeTrigger, "");
  const rules = useScope("", graph, told.rules, writeRules, "");
  // Who goes through the kinds with the arrow keys is not taken away from them.
  const isByPointer = useRef(false);
  const pick = (kind: Kind): void => {
    const first = asObj(begin(kind.schema));
    const filled = Object.fromEntries((kind.schema.required ?? []).map((name) => [name, first[name] ?? ""]));
    editor.change((before) => startBy(told, before, filled));
    if (isByPointer.current) editor.focusField();
  };
  return (
    <>
      <div className="fb-kinds" role="radiogroup" aria-label="What starts it">
        {told.triggers.map((kind) => (
          <label
            key={kind.type}
            className="fb-kind"
            data-chosen={kind === chosen ? "" : undefined}
            onPointerDown={() => (isByPointer.current = true)}
            onKeyDown={() => (isByPointer.current = false)}
          >
            <input type="radio" name="trigger" checked={kind === chosen} onChange={() => pick(kind)} />
            <Icon name={kind.icon} />
            <span>
              <span className="fb-kind-title">{kind.title}</span>
              <span className="fb-kind-text">{kind === chosen ? kind.description : firstSentence(kind.description)}</span>
            </span>
          </label>
        ))}
      </div>
      {chosen && (
        <FormContext value={scope}>
          <div className="fb-fields fb-kind-fields">
            <Fields schema={chosen.schema} path={[]} value={trigger} />
          </div>
        </FormContext>
      )}
      {!chosen && Object.keys(trigger).length > 0 && <p className="soft">What starts this flow is of a kind that the builder does not know. It is kept as it is.</p>}
      <h3 className="fb-panel-part">Rules</h3>
      <FormContext value={rules}>
        <div className="fb-fields">
          <Fields schema={told.rules} path={[]} value={graph} />
        </div>
      </FormContext>
    </>
  );
}
