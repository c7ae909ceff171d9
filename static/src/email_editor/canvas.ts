// GrapesJS with the MJML plugin, without its own panels: the canvas, its parts, undo and redo.

import grapesjs from "grapesjs";
import type { Component, Editor } from "grapesjs";
import mjmlPackage from "grapesjs-mjml";

import { drawMock } from "./mock";
import { defaultsOf } from "./parts";
import type { BlockKind, Told } from "./told";

/** The package says its default inside of a default, by the rules of older modules. */
const mjmlPlugin = (mjmlPackage as unknown as { default?: typeof mjmlPackage }).default ?? mjmlPackage;

/** A grey box, in the place of a picture without an address; the library's own cannot stand in MJML. */
const NO_PICTURE = `data:image/svg+xml;base64,${btoa('<svg xmlns="http://www.w3.org/2000/svg" width="536" height="200"><rect width="536" height="200" fill="#e3e8e8"/></svg>')}`;
const INSIDE_BODY = ["mj-section", "mj-wrapper", "mj-hero", "mj-raw"];

/** Start the canvas in an element; nothing of it is stored in the browser or told to anybody. */
export function openCanvas(host: HTMLElement, told: Told, choosePicture: (part: Component) => void): Editor {
  const editor = grapesjs.init({
    container: host,
    height: "100%",
    width: "auto",
    storageManager: false,
    telemetry: false,
    cssIcons: "",
    fromElement: false,
    noticeOnUnload: false,
    showOffsets: false,
    panels: { defaults: [] },
    blockManager: { custom: true },
    layerManager: { custom: true },
    traitManager: { custom: true },
    styleManager: { custom: true },
    selectorManager: { custom: true },
    // Double-clicking a picture asks for the library's own list; ours opens in its place.
    assetManager: {
      upload: false,
      custom: {
        open: (asked: { options: { target?: Component }; close: () => void }) => {
          setTimeout(asked.close);
          if (asked.options.target) choosePicture(asked.options.target);
        },
        close: () => undefined,
      },
    },
    deviceManager: {
      devices: [
        { id: "desktop", name: "Desktop", width: "" },
        { id: "phone", name: "Phone", width: "375px" },
      ],
    },
    canvas: { styles: [], scripts: [] },
    plugins: [(opened: Editor) => mjmlPlugin(opened, { blocks: [], resetBlocks: true, resetDevices: false, resetStyleManager: false, useCustomTheme: false, fonts: {}, columnsPadding: "" })],
  });
  addDefaults(editor, told);
  for (const kind of told.blocks) addBlock(editor, kind, told);
  return editor;
}

/** Let parts look in the canvas as they do in the frame that the server puts around them. */
function addDefaults(editor: Editor, told: Told): void {
  for (const [type, style] of Object.entries(defaultsOf(told.look))) {
    const droppable =
      type === "mj-body"
        ? { droppable: [...INSIDE_BODY, ...told.blocks.map((kind) => kind.tag)].map((tag) => `[data-gjs-type="${tag}"]`).join(", ") }
        : {};
    const src = type === "mj-image" ? { src: NO_PICTURE } : {};
    editor.Components.addType(type, { model: { defaults: { "style-default": style, ...droppable, ...src } } });
  }
}

function addBlock(editor: Editor, kind: BlockKind, told: Told): void {
  editor.Components.addType(kind.tag, {
    isComponent: (element) => element.tagName?.toLowerCase() === kind.tag,
    model: {
      defaults: {
        tagName: kind.tag,
        name: kind.label,
        draggable: '[data-gjs-type="mj-body"]',
        droppable: false,
        stylable: false,
        editable: false,
        highlightable: true,
        components: [],
      },
    },
    view: {
      tagName: () => "div",
      init(): void {
        // The plug-in's own parts follow their attributes by themselves, and so does this.
        this.listenTo(this.model, "change:attributes", this.render);
      },
      onRender(): void {
        this.el.innerHTML = drawMock(kind, attributesOf(this.model), told.look);
      },
    },
  });
}

/** What is set on a part; what the editor itself notes on it is left out. */
export function attributesOf(part: Component): Record<string, string> {
  const found: Record<string, unknown> = part.get("attributes") ?? {};
  const own = Object.entries(found).filter(([name]) => !["id", "class", "style"].includes(name));
  return Object.fromEntries(own.map(([name, value]) => [name, String(value ?? "")]));
}

/** MJML of a part with everything inside it; what is as it is by default is left out. */
export function writePart(part: Component): string {
  const tag = String(part.get("tagName") ?? "");
  if (!tag.startsWith("mj-")) return part.toHTML();
  const inside = String(part.get("content") ?? "") + part.components().models.map(writePart).join("");
  const defaults: Record<string, string> = part.get("style-default") ?? {};
  const attributes = Object.entries(attributesOf(part))
    .filter(([name, value]) => value !== "" && value !== defaults[name])
    .map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`);
  return `<${tag}${attributes.join("")}>${inside}</${tag}>`;
}

function escapeAttribute(value: string): string {
  const signs: Record<string, string> = { "&": "&amp;", '"': "&quot;", "<": "&lt;", ">": "&gt;" };
  return value.replace(/[&"<>]/g, (sign) => signs[sign] ?? sign);
}

/** The body of the mail; there is one once a template was loaded. */
export function bodyOf(editor: Editor): Component | undefined {
  return editor.getWrapper()?.find("mj-body")[0] ?? editor.getWrapper()?.findType("mj-body")[0];
}
