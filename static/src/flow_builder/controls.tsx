// Controls of values that a plain field cannot hold: of any kind, a step of the flow, a time zone.

import { useId, useState, type ReactNode } from "react";

import { useEditor, useForm } from "./context";
import { useInvalid, Wrap } from "./Frame";
import type { FieldProps } from "./Frame";
import { asText, isSame } from "./json";
import type { Json } from "./json";

/** A value of any kind: numbers and yes or no are read as such, what stands in quotes as text. */
export function Loose(props: FieldProps): ReactNode {
  const { path, value } = props;
  const form = useForm();
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <Wrap {...props} control={id}>
      <input
        id={id}
        type="text"
        value={typed ?? writeLoose(value)}
        autoComplete="off"
        {...useInvalid(path)}
        onChange={(event) => {
          setTyped(event.target.value);
          form.change(path, readLoose(event.target.value), path.join("."));
        }}
        onBlur={() => setTyped(null)}
      />
    </Wrap>
  );
}

function writeLoose(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return isSame(readLoose(value), value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

export function readLoose(text: string): Json | undefined {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

export function StepChoice(props: FieldProps): ReactNode {
  const { schema, path, value } = props;
  const { graph, titleOf: nameOf, look } = useEditor();
  const form = useForm();
  const id = useId();
  const own = form.path.replace(/^nodes\./, "");
  const keys = Object.keys(graph.nodes).filter((key) => (schema.format === "message" ? graph.nodes[key]?.["type"] === "message" : key !== own));
  return (
    <Wrap {...props} control={id}>
      <select id={id} value={asText(value)} {...useInvalid(path)} onChange={(event) => form.change(path, event.target.value)}>
        <option value="">Choose a step…</option>
        {keys.map((key) => (
          <option key={key} value={key}>
            {[nameOf(key), look.nodes[key]?.text].filter(Boolean).join(": ").slice(0, 80)}
          </option>
        ))}
      </select>
    </Wrap>
  );
}

export function ZoneChoice(props: FieldProps): ReactNode {
  const { path, value } = props;
  const { told } = useEditor();
  const form = useForm();
  const id = useId();
  const shown = asText(value) || "profile";
  const zones = Intl.supportedValuesOf("timeZone");
  return (
    <Wrap {...props} schema={{ ...props.schema, description: "Their own zone, else their country’s, else that of your account." }} control={id}>
      <select id={id} value={shown} {...useInvalid(path)} onChange={(event) => form.change(path, event.target.value === "profile" ? undefined : event.target.value)}>
        <option value="profile">That of the person</option>
        <option value={told.zone}>{told.zone} (your account)</option>
        {!zones.includes(shown) && shown !== "profile" && shown !== told.zone && <option value={shown}>{shown}</option>}
        {zones.filter((zone) => zone !== told.zone).map((zone) => (
          <option key={zone} value={zone}>
            {zone}
          </option>
        ))}
      </select>
    </Wrap>
  );
}
