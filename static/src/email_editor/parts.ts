// What the parts of a mail are called, what can be set on them, and what a new one begins with.

import { setting } from "./told";
import type { BlockKind, Look, Setting } from "./told";

export interface PartKind {
  label: string;
  icon: string;
  settings: Setting[];
  /** Whether its words are set in the panel; a text is typed where it stands. */
  hasWords?: boolean;
}

export interface NewPart {
  id: string;
  label: string;
  help: string;
  icon: string;
  content: string;
}

const ALIGN: Setting = setting("align", "Stands", "choice", {
  choices: [
    ["left", "Left"],
    ["center", "Centre"],
    ["right", "Right"],
  ],
  default: "left",
});
const AROUND = [
  setting("padding-top", "Space above", "pixels", { high: 100 }),
  setting("padding-bottom", "Space below", "pixels", { high: 100 }),
];

export const PARTS: Record<string, PartKind> = {
  "mj-body": { label: "The whole mail", icon: "mail", settings: [setting("background-color", "Around the sheet", "colour")] },
  "mj-section": {
    label: "Section",
    icon: "table",
    settings: [setting("background-color", "Background", "colour"), ...AROUND],
  },
  "mj-column": {
    label: "Column",
    icon: "columns",
    settings: [setting("width", "Width", "words", { help: "Such as 40%; empty shares evenly." })],
  },
  "mj-text": {
    label: "Text",
    icon: "note",
    settings: [ALIGN, setting("font-size", "Size", "pixels", { low: 10, high: 60 }), setting("color", "Colour", "colour"), ...AROUND],
  },
  "mj-image": {
    label: "Picture",
    icon: "image",
    settings: [
      setting("src", "Picture", "picture", { help: "One of yours, or any address." }),
      setting("alt", "Words instead", "words", { help: "Read out to those who do not see it." }),
      setting("href", "Leads to", "address"),
      setting("width", "Width", "pixels", { low: 10, high: 600 }),
      ...AROUND,
    ],
  },
  "mj-button": {
    label: "Button",
    icon: "bolt",
    hasWords: true,
    settings: [
      setting("href", "Leads to", "address"),
      { ...ALIGN, default: "center" },
      setting("background-color", "Colour", "colour"),
      setting("color", "Colour of the words", "colour"),
      ...AROUND,
    ],
  },
  "mj-divider": { label: "Line", icon: "minus", settings: [setting("border-color", "Colour", "colour"), ...AROUND] },
  "mj-spacer": { label: "Space", icon: "select", settings: [setting("height", "Height", "pixels", { low: 4, high: 200 })] },
};

/** Parts that can be added, those of the server's blocks behind the plain ones. */
export function listNew(blocks: readonly BlockKind[]): NewPart[] {
  const section = (inside: string): string => `<mj-section><mj-column>${inside}</mj-column></mj-section>`;
  const plain: NewPart[] = [
    { id: "text", label: "Text", help: "Words", icon: "note", content: section("<mj-text>Say it here.</mj-text>") },
    {
      id: "image",
      label: "Picture",
      help: "A picture",
      icon: "image",
      content: section('<mj-image src="" alt=""></mj-image>'),
    },
    {
      id: "button",
      label: "Button",
      help: "Leads somewhere",
      icon: "bolt",
      content: section('<mj-button href="{{ store.url }}">Have a look</mj-button>'),
    },
    {
      id: "columns",
      label: "Two columns",
      help: "Side by side, one below the other on a phone",
      icon: "columns",
      content:
        "<mj-section><mj-column><mj-text>At the left.</mj-text></mj-column>" +
        "<mj-column><mj-text>At the right.</mj-text></mj-column></mj-section>",
    },
    { id: "divider", label: "Line", help: "Sets parts apart", icon: "minus", content: section("<mj-divider></mj-divider>") },
  ];
  const ours = blocks.map(({ tag, label, help, icon }) => ({ id: tag, label, help, icon, content: `<${tag}></${tag}>` }));
  return [...plain, ...ours];
}

/** What a part looks like before anything is set on it: as in the frame that the server puts around. */
export function defaultsOf(look: Look): Record<string, Record<string, string>> {
  const flat = { "padding-left": "0px", "padding-right": "0px" };
  return {
    "mj-body": { width: "600px", "background-color": "#f3f6f6" },
    "mj-section": {
      "padding-left": "32px",
      "padding-right": "32px",
      "padding-top": "8px",
      "padding-bottom": "8px",
      "text-align": "center",
      "background-color": "#ffffff",
    },
    "mj-text": {
      ...flat,
      "padding-top": "8px",
      "padding-bottom": "8px",
      "font-size": "16px",
      "line-height": "1.55",
      color: "#1f2a2c",
      align: "left",
      "font-family": look.font,
    },
    "mj-image": { ...flat, "padding-top": "8px", "padding-bottom": "8px", align: "center" },
    "mj-button": {
      ...flat,
      "padding-top": "12px",
      "padding-bottom": "12px",
      "background-color": look.accent,
      color: look.on_accent,
      "border-radius": "8px",
      "font-size": "16px",
      "font-weight": "600",
      "inner-padding": "14px 28px",
      "vertical-align": "middle",
      align: "center",
      "font-family": look.font,
    },
    "mj-divider": { ...flat, "padding-top": "16px", "padding-bottom": "16px", "border-width": "1px", "border-style": "solid", "border-color": "#e3e8e8" },
  };
}
