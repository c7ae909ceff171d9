// A condition: its sentence, what is asked most often, and a button to the builder of conditions.

import type { ReactNode } from "react";

import { useEditor, useForm } from "./context";
import { titleOf, Wrap } from "./Frame";
import type { FieldProps } from "./Frame";
import { asObj, asText } from "./json";
import type { Obj } from "./json";
import { Icon, IconButton } from "./parts";

export function ConditionField(props: FieldProps): ReactNode {
  const { schema, name, path, value, isRequired } = props;
  const { look, editCondition } = useEditor();
  const often = useOften();
  const form = useForm();
  const title = titleOf(schema, name);
  const isThere = value !== undefined && value !== null;
  const said = look.said[[form.path, ...path].filter(Boolean).join(".")];
  const { description: _, ...bare } = schema;
  const edit = (): void => editCondition({ title, value, isOnWay: form.path !== "", done: (next) => form.change(path, next) });
  return (
    <Wrap {...props} schema={schema.title === "Who" ? bare : schema}>
      {isThere && <p className="fb-sentence">{said ?? "Not finished yet"}</p>}
      {!isThere && (
        <div className="fb-often" role="group" aria-label="Asked often">
          {often.map(({ name: asked, condition }) => (
            <button key={asked} type="button" className="fb-box" onClick={() => form.change(path, condition)}>
              {asked}
            </button>
          ))}
        </div>
      )}
      <div className="fb-inline">
        <button type="button" className="button button-small fb-add-button" onClick={edit}>
          <Icon name={isThere ? "edit" : "plus"} />
          {isThere ? "Change who" : "Ask something else"}
        </button>
        {isThere && !isRequired && <IconButton label={`Take out ${title.toLowerCase()}`} icon="x" onClick={() => form.change(path, undefined)} />}
      </div>
    </Wrap>
  );
}

/** Return what is asked most often, with what became of the message that came last before the step. */
function useOften(): { name: string; condition: Obj }[] {
  const { told, grammar, graph, titleOf } = useEditor();
  const own = useForm().path.replace(/^nodes\./, "");
  const before = Object.keys(graph.nodes)
    .filter((key) => asObj(graph.nodes[key])["type"] === "message")
    .map((key) => ({ key, after: grammar.reach(graph, key) }))
    .filter(({ after }) => after.has(own))
    .sort((one, other) => one.after.size - other.after.size);
  const [last] = before;
  // Who is yet to enter has no run of which it could be asked.
  const ofEvent = own ? told.oftenOf[asText(asObj(graph["trigger"])["event"])] : undefined;
  const often = [...(ofEvent ?? []), ...told.often];
  if (!last) return often;
  const asks = (word: "opened" | "clicked"): { name: string; condition: Obj } => ({
    name: `${word === "opened" ? "Opened" : "Clicked"} “${titleOf(last.key)}”`,
    condition: { message: last.key, is: word },
  });
  return [asks("opened"), asks("clicked"), ...often];
}
