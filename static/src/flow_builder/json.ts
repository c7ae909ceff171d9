// JSON and places inside it; nothing is changed in place.

export type Json = null | boolean | number | string | Json[] | Obj;
export interface Obj {
  [key: string]: Json;
}
export type Path = readonly (string | number)[];

export function isObj(value: unknown): value is Obj {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function asObj(value: Json | undefined): Obj {
  return isObj(value) ? value : {};
}

export function asList(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: Json | undefined): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

export function read(value: Json | undefined, path: Path): Json | undefined {
  return path.reduce<Json | undefined>((found, key) => {
    if (typeof key === "number") return Array.isArray(found) ? found[key] : undefined;
    return isObj(found) ? found[key] : undefined;
  }, value);
}

/** Return a value with something else at a place; undefined takes out what stands there. */
export function put(value: Json | undefined, path: Path, next: Json | undefined): Json {
  const [key, ...rest] = path;
  if (key === undefined) return next ?? null;
  const isGone = rest.length === 0 && next === undefined;
  if (typeof key === "number") {
    const list = asList(value).slice();
    if (isGone) list.splice(key, 1);
    else list[key] = put(list[key], rest, next);
    return list;
  }
  const object = { ...asObj(value) };
  if (isGone) delete object[key];
  else object[key] = put(object[key], rest, next);
  return object;
}

/** Say whether two values are the same; the database keeps the keys of objects in an order of its own. */
export function isSame(one: Json | undefined, other: Json | undefined): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((each, index) => isSame(each, other[index]));
  if (!isObj(one) || !isObj(other)) return one === other;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => name in other && isSame(one[name], other[name]));
}
