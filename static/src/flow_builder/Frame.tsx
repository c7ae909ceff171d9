// What stands around each control of a form: its label, its help and what is wrong with it.

import type { ReactNode } from "react";

import { useEditor, useForm } from "./context";
import type { Json, Path } from "./json";
import { Icon, plain } from "./parts";
import type { Schema } from "./told";

export interface FieldProps {
  schema: Schema;
  name: string;
  path: Path;
  value: Json | undefined;
  isRequired: boolean;
}

export function titleOf(schema: Schema, name: string): string {
  return schema.title ?? plain(name);
}

/** Say in the words of the form what a schema says in those of its values: "skip: …" as "Skip the message: …". */
export function helpOf(schema: Schema, words: Readonly<Record<string, string>>): string {
  const values = new Set((schema.enum ?? schema.items?.enum ?? []).map(String));
  return (schema.description ?? "").replace(/(; )?\b([a-z_]+): /g, (found: string, before: string | undefined, word: string) =>
    values.has(word) ? `${before ? ". " : ""}${words[word] ?? plain(word)}: ` : found,
  );
}

interface WrapProps {
  schema: Schema;
  name: string;
  path: Path;
  isRequired: boolean;
  /** Id of the one control; none where a group of controls is named. */
  control?: string;
  children: ReactNode;
}

/** Label above, help below, error at the field. */
export function Wrap({ schema, name, path, isRequired, control, children }: WrapProps): ReactNode {
  const fault = useForm().faultAt(path);
  const { told } = useEditor();
  const title = titleOf(schema, name);
  const help = helpOf(schema, told.words);
  const optional = !isRequired && schema.default === undefined && <span className="field-optional"> optional</span>;
  const at = path.join(".");
  const body = (
    <>
      {children}
      {fault && (
        <p className="field-error" id={`fault-${at}`}>
          <Icon name="error" />
          {fault}
        </p>
      )}
      {help && <p className="field-help">{help}</p>}
    </>
  );
  if (control) {
    return (
      <div className="field" data-at={at}>
        <label htmlFor={control}>
          {title}
          {optional}
        </label>
        {body}
      </div>
    );
  }
  return (
    <div className="field" role="group" aria-label={title} data-at={at}>
      <span className="field-label">
        {title}
        {optional}
      </span>
      {body}
    </div>
  );
}

/** What a control that is wrong says of itself. */
export function useInvalid(path: Path): { "aria-invalid": true; "aria-describedby": string } | Record<string, never> {
  const fault = useForm().faultAt(path);
  return fault ? { "aria-invalid": true, "aria-describedby": `fault-${path.join(".")}` } : {};
}
