// The tree on the page: rows of conditions, groups around them, and what can be done with each.

import type { Actions } from "./actions";
import { Cursor } from "./cursor";
import type { Edited } from "./cursor";
import { button, h, icon, iconButton } from "./dom";
import type { Child } from "./dom";
import type { Tools } from "./forms";
import { formOf } from "./kinds";
import { word } from "./inputs";
import type { Language } from "./language";
import type { Group, Leaf, Node, Op } from "./tree";

export interface Scene {
  readonly language: Language;
  readonly actions: Actions;
  readonly tools: Tools;
  /** Conditions that are shown as JSON. */
  readonly opened: ReadonlySet<number>;
  edit(leaf: Leaf): Edited;
  /** Add to a group, after choosing what. */
  addTo(group: Group, inside?: Op): void;
  /** Do something with a part and keep the focus on it. */
  act(id: number, what: Act): void;
  setOp(group: Group, op: Op): void;
  toggleJson(id: number): void;
}

export type Act = "up" | "down" | "into" | "out" | "duplicate" | "negate" | "wrap" | "unwrap" | "expand" | "remove";

const OPS: readonly [Op, string][] = [
  ["and", "all"],
  ["or", "any"],
  ["not", "none"],
];
const JOINTS: Record<Op, string> = { and: "and", or: "or", not: "nor" };

export function drawCanvas(group: Group, scene: Scene): HTMLElement {
  const head = h("div", { class: "b-head" }, word("People who meet"), drawOp(group, scene), word("of these conditions"));
  return h("div", { class: "b-canvas", role: "group", "aria-label": "Conditions" }, head, drawRows(group, scene), drawFoot(group, scene));
}

function drawOp(group: Group, scene: Scene): HTMLElement {
  const options = OPS.map(([op, label]) => h("option", { value: op, selected: op === group.op }, label));
  const id = `b${group.id}op`;
  const control: HTMLSelectElement = h(
    "select",
    { class: "b-input b-select b-op", id, "aria-label": "How many of these conditions", on: { change: () => scene.setOp(group, control.value as Op) } },
    options,
  );
  return control;
}

function drawRows(group: Group, scene: Scene): HTMLElement {
  const rows = group.children.map((node, index) => {
    const joint = index === 0 ? "Where" : JOINTS[group.op];
    return drawPart(node, group, index, joint, scene);
  });
  return h("ul", { class: "b-rows", "data-group": group.id }, rows);
}

function drawFoot(group: Group, scene: Scene): HTMLElement {
  const key = `b${group.id}`;
  const inner: Op = group.op === "or" ? "and" : "or";
  return h(
    "div",
    { class: "b-foot" },
    button("Condition", "plus", () => scene.addTo(group), { id: `${key}add`, "aria-label": "Add a condition" }),
    button("Group", "plus", () => scene.addTo(group, inner), { id: `${key}group`, "aria-label": "Add a group" }),
  );
}

function drawPart(node: Node, parent: Group, index: number, joint: string, scene: Scene): HTMLElement {
  const { actions } = scene;
  const leaf = node.kind === "leaf" ? node : actions.negated(node);
  const place = `${index + 1} of ${parent.children.length}`;
  const grip = h(
    "button",
    {
      type: "button",
      class: "b-grip",
      id: `b${node.id}grip`,
      "data-grip": node.id,
      "aria-label": `${leaf ? "Condition" : "Group"} ${place}`,
      "aria-describedby": "b-move-help",
      title: "Drag, or press an arrow key, to move",
    },
    icon("grip"),
  );
  const tools = drawTools(node, leaf, place, scene);
  const row = leaf ? drawLeaf(leaf, node, grip, tools, scene) : drawGroup(node as Group, grip, tools, scene);
  row.prepend(h("span", { class: "b-joint" }, joint));
  row.dataset["node"] = String(node.id);
  return row;
}

function drawGroup(group: Group, grip: Child, tools: Child, scene: Scene): HTMLElement {
  return h(
    "li",
    { class: "b-row b-row-group" },
    h(
      "div",
      { class: "b-group", role: "group", "aria-label": `Group: ${OPS.find(([op]) => op === group.op)?.[1] ?? ""} of these` },
      h("div", { class: "b-head" }, grip, drawOp(group, scene), word("of these"), tools),
      drawRows(group, scene),
      group.children.length === 0 && h("p", { class: "b-fault" }, "Add a condition to this group, or delete it."),
      drawFoot(group, scene),
    ),
  );
}

function drawLeaf(leaf: Leaf, node: Node, grip: Child, tools: Child, scene: Scene): HTMLElement {
  const body = scene.opened.has(leaf.id) ? drawJson(leaf, scene) : drawForm(leaf, scene);
  const not =
    node.id === leaf.id
      ? null
      : h("button", { type: "button", class: "b-not", id: `b${node.id}not`, "aria-label": "Not: take the negation away", title: "Take the negation away", on: { click: () => scene.act(node.id, "negate") } }, "not");
  const line = h("div", { class: "b-line" }, not, body.line);
  const below = (body.below ?? []).map((part) => h("div", { class: "b-line b-below" }, part));
  const fault = h("p", { class: "b-fault", id: `b${leaf.id}fault`, hidden: true });
  return h("li", { class: "b-row", "data-leaf": leaf.id }, h("div", { class: "b-leaf" }, grip, h("div", { class: "b-body" }, line, below, fault), tools));
}

function drawForm(leaf: Leaf, scene: Scene): { line: Child[]; below?: Child[][] } {
  const form = formOf(leaf.raw, scene.language);
  if (form) return form.draw(new Cursor(scene.edit(leaf)), scene.tools);
  const open = button("Edit as JSON", "code", () => scene.toggleJson(leaf.id), { id: `b${leaf.id}open` });
  return { line: [h("span", { class: "b-said", "data-said": leaf.id }, "A condition without a form of its own"), open] };
}

function drawJson(leaf: Leaf, scene: Scene): { line: Child[]; below?: Child[][] } {
  const edited = scene.edit(leaf);
  const note = h("p", { class: "b-fault", hidden: true }, "This is not valid JSON: nothing of it is taken yet.");
  const area: HTMLTextAreaElement = h("textarea", {
    class: "input mono b-json",
    id: `b${leaf.id}json`,
    rows: 4,
    spellcheck: "false",
    "aria-label": "This condition as JSON",
    on: {
      input: () => {
        try {
          edited.write(JSON.parse(area.value), { isQuiet: true, mark: `${leaf.id}json` });
          note.hidden = true;
        } catch {
          note.hidden = false;
        }
      },
    },
  });
  area.value = JSON.stringify(leaf.raw, null, 2);
  const done = button("Done", "check", () => scene.toggleJson(leaf.id), { id: `b${leaf.id}done` });
  return { line: [h("div", { class: "b-json-box" }, area, note, done)] };
}

function drawTools(node: Node, leaf: Leaf | null, place: string, scene: Scene): HTMLElement {
  const key = `b${node.id}`;
  const menuId = `${key}menu`;
  const item = (label: string, symbol: string, press: () => void, keys = "", kind = ""): HTMLElement =>
    h("button", { type: "button", class: `menu-item ${kind}`, on: { click: press } }, icon(symbol), h("span", {}, label), keys && h("kbd", { class: "kbd push wide-only" }, keys));
  const act = (what: Act) => (): void => scene.act(node.id, what);
  const what = leaf ? "condition" : "group";
  return h(
    "div",
    { class: "b-tools" },
    iconButton("More", "more", () => undefined, { id: `${key}more`, popovertarget: menuId, "aria-expanded": "false", "aria-label": `More for ${what} ${place}` }),
    h(
      "div",
      { class: "menu", id: menuId, popover: true, "data-align": "end" },
      item("Move up", "arrow-up", act("up"), "Alt ↑"),
      item("Move down", "arrow-down", act("down"), "Alt ↓"),
      item("Move into the group beside", "arrow-right", act("into"), "Alt →"),
      item("Move out of the group", "arrow-left", act("out"), "Alt ←"),
      h("hr"),
      item("Duplicate", "copy", act("duplicate"), "Alt D"),
      item(leaf ? "Negate" : "Turn into its opposite", "blocked", act("negate"), "Alt N"),
      leaf ? item("Put into a group", "segments", act("wrap")) : item("Take the group apart", "split", act("unwrap")),
      leaf && leaf.id !== node.id && item("Show as a group", "segments", act("expand")),
      leaf && item(scene.opened.has(leaf.id) ? "Show the form" : "Edit as JSON", "code", () => scene.toggleJson(leaf.id)),
      h("hr"),
      item("Delete", "trash", act("remove"), "", "menu-item-danger"),
    ),
    iconButton("Delete", "x", act("remove"), { id: `${key}x`, "aria-label": `Delete ${what} ${place}` }),
  );
}
