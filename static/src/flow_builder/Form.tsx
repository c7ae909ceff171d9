// Forms made of a schema: one control for each kind of value, errors where they belong.

import { useId, useState, type ReactNode } from "react";

import { ConditionField } from "./ConditionField";
import { Loose, readLoose, StepChoice, ZoneChoice } from "./controls";
import { useEditor, useForm } from "./context";
import { titleOf, useInvalid, Wrap } from "./Frame";
import type { FieldProps } from "./Frame";
import { begin } from "./graph";
import { asList, asObj, asText, isObj, isSame } from "./json";
import type { Json, Path } from "./json";
import { Icon, IconButton, plain } from "./parts";
import { Picker, TagField } from "./Picker";
import type { Schema } from "./told";

const LONG_TEXT = 200;

function isWay(schema: Schema): boolean {
  return schema.format === "node";
}

function typeOf(schema: Schema): string {
  return [schema.type ?? ""].flat()[0] ?? "";
}

/** Draw the parts of an object: what is needed and what is set first, the rest behind “More”. */
export function Fields({ schema, path, value }: { schema: Schema; path: Path; value: Json | undefined }): ReactNode {
  const said = asObj(value);
  const required = schema.required ?? [];
  const isTimed = isSpan(schema);
  const names = Object.keys(schema.properties ?? {}).filter((name) => isShown(schema, name, isTimed));
  const isFirst = (name: string): boolean => required.includes(name) || name in said || MAIN.has(name);
  const draw = (name: string): ReactNode => {
    const part = schema.properties?.[name];
    if (!part) return null;
    return <Field key={name} schema={part} name={name} path={[...path, name]} value={said[name]} isRequired={required.includes(name)} />;
  };
  const rest = names.filter((name) => !isFirst(name));
  return (
    <>
      {isTimed && <Span schema={schema} path={path} value={said} />}
      {names.filter(isFirst).map(draw)}
      {rest.length > 0 && (
        <details className="fb-more">
          <summary>More settings</summary>
          <div className="fb-fields">{rest.map(draw)}</div>
        </details>
      )}
    </>
  );
}

/** Settings that are always in sight though nobody has to say them. */
const MAIN = new Set(["channel", "until_time", "weekdays", "timezone", "offset", "value", "how", "add", "remove", "filter", "at", "goal", "reentry", "entry_filter", "exit_on", "reason", "winner"]);

function isShown(schema: Schema, name: string, isTimed: boolean): boolean {
  const part = schema.properties?.[name];
  if (!part || part.const !== undefined || isWay(part)) return false;
  return !(isTimed && ["n", "unit", "direction"].includes(name));
}

/** A length of time is a number and its unit, wherever they stand. */
function isSpan(schema: Schema): boolean {
  return schema.properties?.["n"] !== undefined && schema.properties["unit"] !== undefined;
}

export function Field(props: FieldProps): ReactNode {
  const { schema } = props;
  const type = typeOf(schema);
  if (schema.format === "condition") return <ConditionField {...props} />;
  if (schema.anyOf) return <Variants {...props} />;
  if (schema.enum) return <Choice {...props} />;
  if (type === "array") return <ListField {...props} />;
  if (type === "object") return <ObjectField {...props} />;
  if (type === "boolean") return <Check {...props} />;
  return <Line {...props} />;
}

function Choice(props: FieldProps): ReactNode {
  const { schema, path, value, isRequired } = props;
  const { told } = useEditor();
  const form = useForm();
  const id = useId();
  const usual = schema.default === undefined ? "" : asText(schema.default);
  const shown = value === undefined || value === null ? usual : asText(value);
  const known = (schema.enum ?? []).map(String);
  const pick = (word: string): void => form.change(path, schema.enum?.find((each) => String(each) === word));
  return (
    <Wrap {...props} control={id}>
      <select id={id} value={shown} {...useInvalid(path)} onChange={(event) => pick(event.target.value)}>
        {(shown === "" || !isRequired) && usual === "" && <option value="">Choose…</option>}
        {!known.includes(shown) && shown !== "" && <option value={shown}>{shown}</option>}
        {known.map((word) => (
          <option key={word} value={word}>
            {told.words[word] ?? plain(word)}
          </option>
        ))}
      </select>
    </Wrap>
  );
}

function Check(props: FieldProps): ReactNode {
  const { schema, name, path, value } = props;
  const form = useForm();
  return (
    <label className="check" data-at={path.join(".")}>
      <input type="checkbox" checked={value === true} onChange={(event) => form.change(path, event.target.checked)} />
      {titleOf(schema, name)}
    </label>
  );
}

/** A value on one line: a number, a text, a name of something else. */
function Line(props: FieldProps): ReactNode {
  const { schema, path, value } = props;
  const form = useForm();
  const id = useId();
  const invalid = useInvalid(path);
  const type = typeOf(schema);
  const mark = path.join(".");
  if (schema.format === "jump" || schema.format === "message") return <StepChoice {...props} />;
  if (schema.format === "time-zone") return <ZoneChoice {...props} />;
  if (schema.format !== undefined && schema.format !== "time-of-day") return <Picker {...props} />;
  if (type === "integer" || type === "number") {
    return (
      <Wrap {...props} control={id}>
        <input
          id={id}
          type="number"
          inputMode={type === "integer" ? "numeric" : "decimal"}
          step={type === "integer" ? 1 : "any"}
          min={schema.minimum}
          max={schema.maximum}
          value={asText(value)}
          placeholder={schema.default === undefined ? "" : asText(schema.default)}
          {...invalid}
          onChange={(event) => form.change(path, readNumber(event.target.value), mark)}
        />
      </Wrap>
    );
  }
  if (type === "") return <Loose {...props} />;
  if ((schema.maxLength ?? 0) > LONG_TEXT) {
    return (
      <Wrap {...props} control={id}>
        <textarea id={id} value={asText(value)} maxLength={schema.maxLength} {...invalid} onChange={(event) => form.change(path, event.target.value, mark)} />
      </Wrap>
    );
  }
  const isTime = schema.format === "time-of-day";
  return (
    <Wrap {...props} control={id}>
      <input
        id={id}
        type={isTime ? "time" : "text"}
        value={asText(value)}
        maxLength={schema.maxLength}
        autoComplete="off"
        {...invalid}
        onChange={(event) => form.change(path, event.target.value || undefined, mark)}
      />
    </Wrap>
  );
}

function readNumber(text: string): number | undefined {
  const found = Number(text);
  return text.trim() === "" || !Number.isFinite(found) ? undefined : found;
}

/** A number and its unit, and before or after where that is asked. */
function Span({ schema, path, value }: { schema: Schema; path: Path; value: Json }): ReactNode {
  const { told } = useEditor();
  const form = useForm();
  const id = useId();
  const said = asObj(value);
  const part = (name: string): Schema => schema.properties?.[name] ?? {};
  const choose = (name: string, label: string): ReactNode => (
    <select className="input" aria-label={label} value={asText(said[name])} onChange={(event) => form.change([...path, name], event.target.value)}>
      {asText(said[name]) === "" && <option value="">Choose…</option>}
      {(part(name).enum ?? []).map(String).map((word) => (
        <option key={word} value={word}>
          {told.words[word] ?? word}
        </option>
      ))}
    </select>
  );
  return (
    <Wrap schema={{ ...part("n"), description: part("unit").description ?? "" }} name="n" path={[...path, "n"]} isRequired control={id}>
      <div className="fb-span">
        <input
          id={id}
          type="number"
          inputMode="numeric"
          min={part("n").minimum ?? 0}
          value={asText(said["n"])}
          {...useInvalid([...path, "n"])}
          onChange={(event) => form.change([...path, "n"], readNumber(event.target.value), `${path.join(".")}.n`)}
        />
        {choose("unit", "Unit")}
        {part("direction").enum && choose("direction", "Before or after")}
      </div>
    </Wrap>
  );
}

/** An object that need not be there is added by a button, and taken out again. */
function ObjectField(props: FieldProps): ReactNode {
  const { schema, name, path, value, isRequired } = props;
  const form = useForm();
  const title = titleOf(schema, name);
  if (!schema.properties) return <JsonField {...props} />;
  if (schema.maxProperties === 1) return <OneOf {...props} />;
  if (!isObj(value) && !isRequired) {
    return (
      <div className="field" role="group" aria-label={title} data-at={path.join(".")}>
        <span className="field-label">
          {title} <span className="field-optional">optional</span>
        </span>
        <AddButton label={`Set ${title.toLowerCase()}`} press={() => form.change(path, beginFull(schema))} />
        {schema.description && <p className="field-help">{schema.description}</p>}
      </div>
    );
  }
  return (
    <fieldset className="fb-set" data-at={path.join(".")}>
      <legend>
        {title}
        {!isRequired && <IconButton label={`Take out ${title.toLowerCase()}`} icon="x" onClick={() => form.change(path, undefined)} />}
      </legend>
      <Fields schema={{ ...schema, properties: inner(schema) }} path={path} value={value} />
      {schema.description && <p className="field-help">{schema.description}</p>}
    </fieldset>
  );
}

/** The title of the whole stands above the length of time; it needs no second one. */
function inner(schema: Schema): Record<string, Schema> {
  const { n, unit, ...rest } = schema.properties ?? {};
  if (!n || !unit) return schema.properties ?? {};
  const { description: _, ...bare } = unit;
  return { n: { ...n, title: "How long" }, unit: bare, ...rest };
}

function beginFull(schema: Schema): Json {
  const found = begin(schema);
  return isObj(found) ? found : {};
}

/** An object with one of several keys. */
function OneOf(props: FieldProps): ReactNode {
  const { schema, path, value } = props;
  const form = useForm();
  const id = useId();
  const said = asObj(value);
  const names = Object.keys(schema.properties ?? {});
  const chosen = names.find((name) => name in said) ?? "";
  const part = schema.properties?.[chosen];
  return (
    <>
      <Wrap {...props} control={id}>
        <select id={id} value={chosen} {...useInvalid(path)} onChange={(event) => form.change(path, event.target.value ? { [event.target.value]: "" } : {})}>
          <option value="">Choose…</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {titleOf(schema.properties?.[name] ?? {}, name)}
            </option>
          ))}
        </select>
      </Wrap>
      {part && <Field schema={part} name={chosen} path={[...path, chosen]} value={said[chosen]} isRequired />}
    </>
  );
}

/** Several forms for one value: the one that fits what stands there is shown. */
function Variants(props: FieldProps): ReactNode {
  const { schema, name, path, value, isRequired } = props;
  const form = useForm();
  const id = useId();
  const variants = schema.anyOf ?? [];
  const title = titleOf(schema, name);
  const isThere = value !== undefined && value !== null;
  const shown = isThere ? value : schema.default;
  if (!isThere && schema.default === undefined && !isRequired) {
    return (
      <div className="field" role="group" aria-label={title} data-at={path.join(".")}>
        <span className="field-label">
          {title} <span className="field-optional">optional</span>
        </span>
        <AddButton label={`Set ${title.toLowerCase()}`} press={() => form.change(path, begin(variants[0] ?? {}) ?? {})} />
        {schema.description && <p className="field-help">{schema.description}</p>}
      </div>
    );
  }
  const index = variants.findIndex((variant) => fits(variant, shown));
  const variant = variants[index];
  return (
    <div className="fb-variants" data-at={path.join(".")}>
      <Wrap schema={schema} name={name} path={path} isRequired={isRequired || schema.default !== undefined} control={id}>
        <div className="fb-inline">
          <select id={id} value={index} onChange={(event) => form.change(path, begin(variants[Number(event.target.value)] ?? {}) ?? "")}>
            {index < 0 && <option value={-1}>As it is</option>}
            {variants.map((each, at) => (
              <option key={at} value={at}>
                {each.title ?? "Value"}
              </option>
            ))}
          </select>
          {!isRequired && schema.default === undefined && (
            <IconButton label={`Take out ${title.toLowerCase()}`} icon="x" onClick={() => form.change(path, undefined)} />
          )}
        </div>
      </Wrap>
      {variant && <VariantFields variant={variant} path={path} value={shown} />}
    </div>
  );
}

function VariantFields({ variant, path, value }: { variant: Schema; path: Path; value: Json | undefined }): ReactNode {
  if (variant.properties) return <Fields schema={variant} path={path} value={value} />;
  return <Field schema={variant} name="value" path={path} value={value} isRequired />;
}

/** Say whether a value is of a form: its constants are the same and what it must have is there. */
export function fits(schema: Schema, value: Json | undefined): boolean {
  if (!schema.properties) return typeOf(schema) === typeof value;
  if (!isObj(value)) return false;
  const parts = Object.entries(schema.properties);
  const constants = parts.filter(([, part]) => part.const !== undefined);
  if (constants.length > 0) return constants.every(([name, part]) => isSame(value[name] ?? part.default, part.const));
  const names = Object.keys(value);
  return names.every((name) => name in (schema.properties ?? {}));
}

function ListField(props: FieldProps): ReactNode {
  const { schema } = props;
  const items = schema.items ?? {};
  if (items.enum) return <Boxes {...props} />;
  if (typeOf(items) === "string") return <TagField {...props} />;
  return <Items {...props} />;
}

function Boxes(props: FieldProps): ReactNode {
  const { schema, path, value } = props;
  const { told } = useEditor();
  const form = useForm();
  const chosen = asList(value).map(asText);
  const known = (schema.items?.enum ?? []).map(String);
  const toggle = (word: string): void => {
    const next = known.filter((each) => (each === word ? !chosen.includes(word) : chosen.includes(each)));
    form.change(path, next.length > 0 ? next : undefined);
  };
  return (
    <Wrap {...props}>
      <div className="fb-boxes">
        {known.map((word) => (
          <button key={word} type="button" className="fb-box" aria-pressed={chosen.includes(word)} onClick={() => toggle(word)}>
            {told.words[word] ?? plain(word)}
          </button>
        ))}
      </div>
    </Wrap>
  );
}

/** A list of objects, each in a box of its own. */
function Items(props: FieldProps): ReactNode {
  const { schema, name, path, value, isRequired } = props;
  const form = useForm();
  const items = schema.items ?? {};
  const list = asList(value);
  const title = titleOf(schema, name);
  const one = singular(title);
  const isShort = list.length < (schema.maxItems ?? 50);
  const isLong = list.length > (schema.minItems ?? 0);
  const empty = typeOf(items.anyOf?.[0] ?? items) === "string" ? "" : {};
  const add = (): void => form.addItem([...path, list.length], begin(items, list.length, Math.max(list.length + 1, 2)) ?? empty);
  const take = (index: number): void => {
    const isLast = list.length === 1 && !isRequired;
    if (isLast) form.change(path, undefined);
    else form.change([...path, index], undefined);
  };
  return (
    <Wrap {...props}>
      <ul className="fb-items">
        {list.map((item, index) => (
          <li key={index} className="fb-item">
            {items.anyOf ? (
              <Variants schema={{ ...items, title: `${one} ${index + 1}` }} name={name} path={[...path, index]} value={item} isRequired />
            ) : (
              <div className="fb-fields" role="group" aria-label={`${one} ${index + 1}`}>
                <Fields schema={items} path={[...path, index]} value={item} />
              </div>
            )}
            {isLong && <IconButton className="fb-item-x" label={`Take out ${one.toLowerCase()} ${index + 1}`} icon="x" onClick={() => take(index)} />}
          </li>
        ))}
      </ul>
      {isShort && <AddButton label={list.length > 0 ? "Add another" : `Add ${one.toLowerCase()}`} press={add} />}
    </Wrap>
  );
}

function singular(title: string): string {
  const names: Record<string, string> = { Ways: "Way", Channels: "Channel", "Any of": "Event", "Only where": "Test", "Of the same": "Property", "Leaves early": "Exit" };
  return names[title] ?? title;
}

export function AddButton({ label, press }: { label: string; press: () => void }): ReactNode {
  return (
    <button type="button" className="button button-small fb-add-button" onClick={press}>
      <Icon name="plus" />
      {label}
    </button>
  );
}

function JsonField(props: FieldProps): ReactNode {
  const { path, value } = props;
  const form = useForm();
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const [isBroken, setBroken] = useState(false);
  const type = (text: string): void => {
    setTyped(text);
    const found = readLoose(text);
    const isObject = found === undefined || isObj(found);
    setBroken(!isObject);
    if (isObject) form.change(path, found, path.join("."));
  };
  return (
    <Wrap {...props} control={id}>
      <textarea
        id={id}
        className="fb-json"
        spellCheck={false}
        value={typed ?? (value === undefined ? "" : JSON.stringify(value, null, 2))}
        onChange={(event) => type(event.target.value)}
        onBlur={() => {
          if (!isBroken) setTyped(null);
        }}
      />
      {isBroken && <p className="field-error">This is not a JSON object: nothing of it is taken yet.</p>}
    </Wrap>
  );
}
