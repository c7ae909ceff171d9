// JSON values and places inside them; nothing is changed in place.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Obj = { [key: string]: Json };
export type Path = readonly (string | number)[];

export function isObject(value: Json | undefined): value is Obj {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Say whether a value is an object with none but some keys. */
export function hasOnly(value: Json | undefined, keys: readonly string[]): value is Obj {
  return isObject(value) && Object.keys(value).every((key) => keys.includes(key));
}

export function getIn(value: Json | undefined, path: Path): Json | undefined {
  let found = value;
  for (const key of path) {
    if (Array.isArray(found) && typeof key === "number") found = found[key];
    else if (isObject(found) && typeof key === "string") found = found[key];
    else return undefined;
  }
  return found;
}

/** Return a value with another one at a place; undefined takes out what stands there. */
export function setIn(value: Json | undefined, path: Path, next: Json | undefined): Json {
  const [key, ...rest] = path;
  if (key === undefined) return next ?? null;
  if (typeof key === "number") {
    const list = Array.isArray(value) ? [...value] : [];
    if (rest.length === 0 && next === undefined) list.splice(key, 1);
    else list[key] = setIn(list[key], rest, next);
    return list;
  }
  const object: Obj = isObject(value) ? { ...value } : {};
  if (rest.length === 0 && next === undefined) delete object[key];
  else object[key] = setIn(object[key], rest, next);
  return object;
}

/** Write a place as the server does: where[0].value. */
export function writePath(path: Path): string {
  return path.map((key, index) => (typeof key === "number" ? `[${key}]` : `${index ? "." : ""}${key}`)).join("");
}
