// A condition: its sentence, and a button to the builder of conditions.

import type { ReactNode } from "react";

import { useEditor, useForm } from "./context";
import { titleOf, Wrap } from "./Frame";
import type { FieldProps } from "./Frame";
import { Icon, IconButton } from "./parts";

export function ConditionField(props: FieldProps): ReactNode {
  const { schema, name, path, value, isRequired } = props;
  const { look, editCondition } = useEditor();
  const form = useForm();
  const title = titleOf(schema, name);
  const isThere = value !== undefined && value !== null;
  const said = look.said[[form.path, ...path].filter(Boolean).join(".")];
  const { description: _, ...bare } = schema;
  const edit = (): void => editCondition(title, value, (next) => form.change(path, next));
  return (
    <Wrap {...props} schema={schema.title === "Who" ? bare : schema}>
      {isThere && <p className="fb-sentence">{said ?? "Not finished yet"}</p>}
      <div className="fb-inline">
        <button type="button" className="button button-small fb-add-button" onClick={edit}>
          <Icon name={isThere ? "edit" : "plus"} />
          {isThere ? "Change who" : "Choose who"}
        </button>
        {isThere && !isRequired && <IconButton label={`Take out ${title.toLowerCase()}`} icon="x" onClick={() => form.change(path, undefined)} />}
      </div>
    </Wrap>
  );
}
