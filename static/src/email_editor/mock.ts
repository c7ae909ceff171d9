// How a block of ours looks in the canvas: what it will hold is known only for a reader.

import type { BlockKind, Look } from "./told";

type Settings = Record<string, string>;

/** HTML of a block with its settings; every value in it is escaped. */
export function drawMock(kind: BlockKind, said: Settings, look: Look): string {
  const all: Settings = { ...Object.fromEntries(kind.settings.map((each) => [each.name, each.default])), ...said };
  const draw = MOCKS[kind.tag];
  return draw ? draw(all, look) : sheet(`<strong>${escape(kind.label)}</strong>`, look);
}

const MOCKS: Record<string, (said: Settings, look: Look) => string> = {
  "mj-brand-header": (said, look) =>
    page(`<div style="padding:32px 32px 16px;text-align:${escape(said["align"] ?? "")};font-size:18px;font-weight:600">${escape(look.name)}</div>`, look),
  "mj-product-grid": (said, look) => sheet(heading(said) + grid(said, sourceWords(said)), look),
  "mj-recommendations": (said, look) => sheet(heading(said) + grid(said, "for this person"), look),
  "mj-coupon": (said, look) =>
    sheet(
      `<div style="border:2px dashed #9fb0b2;border-radius:10px;padding:20px 24px;text-align:center">${heading(said)}` +
        `<div>What the coupon gives</div><div style="font-size:24px;font-weight:700;letter-spacing:.06em">CODE-1234</div>` +
        `${button(said["button"], look)}</div>`,
      look,
    ),
  "mj-loyalty": (said, look) =>
    sheet(`<div style="text-align:center"><div style="font-size:28px;font-weight:600">240</div><div style="color:#5b6b6d">Points</div>${button(said["button"], look)}</div>`, look),
  "mj-reviews": (said, look) =>
    sheet(heading(said) + repeat(Number(said["count"] ?? 1), () => `<p style="margin:0 0 12px">★★★★★<br>What somebody said of it<br><small style="color:#5b6b6d">Their name</small></p>`), look),
  "mj-questions": (said, look) =>
    sheet(heading(said) + repeat(Number(said["count"] ?? 1), () => `<p style="margin:0 0 12px"><b>What somebody asked</b><br>What you answered<br><small style="color:#5b6b6d">Their first name</small></p>`), look),
  "mj-brand-footer": (said, look) =>
    page(
      `<div style="padding:24px 32px 40px;text-align:center;font-size:13px;color:#5b6b6d">${escape(said["reason"] ?? "")}` +
        (said["unsubscribe"] === "no" ? "" : "<br><u>Unsubscribe</u> · <u>Preferences</u>") +
        "<br>Your postal address</div>",
      look,
    ),
};

function sourceWords(said: Settings): string {
  const words = { best: "best seller", new: "newest", chosen: "chosen" }[said["source"] ?? ""] ?? "product";
  return said["category"] ? `${words} of ${said["category"]}` : words;
}

function grid(said: Settings, words: string): string {
  const columns = Math.max(1, Number(said["columns"] ?? 2));
  const count = said["source"] === "chosen" ? (said["ids"] ?? "").split(",").filter(Boolean).length || 1 : Number(said["count"] ?? 4);
  const cell =
    `<div style="padding:8px"><div style="height:${columns === 1 ? 180 : 120}px;border-radius:8px;background:#e3e8e8"></div>` +
    `<div style="padding-top:8px;font-weight:600">${escape(words)}</div>` +
    (said["prices"] === "no" ? "" : "<div>£00.00</div>") +
    (said["button"] ? `<div style="padding-top:8px"><u>${escape(said["button"])}</u></div>` : "") +
    "</div>";
  return `<div style="display:grid;grid-template-columns:repeat(${columns},1fr);margin:0 -8px">${repeat(Math.min(count, 12), () => cell)}</div>`;
}

function heading(said: Settings): string {
  return said["title"] ? `<h2 style="margin:8px 0;font-size:20px;line-height:1.2">${escape(said["title"])}</h2>` : "";
}

function button(words: string | undefined, look: Look): string {
  if (!words) return "";
  return `<div style="padding:12px 0"><span style="display:inline-block;padding:14px 28px;border-radius:8px;font-weight:600;background:${escape(look.accent)};color:${escape(look.on_accent)}">${escape(words)}</span></div>`;
}

function sheet(inside: string, look: Look): string {
  return `<div style="max-width:600px;margin:0 auto;box-sizing:border-box;padding:8px 32px;background:#fff;${type(look)}">${inside}</div>`;
}

function page(inside: string, look: Look): string {
  return `<div style="max-width:600px;margin:0 auto;${type(look)}">${inside}</div>`;
}

function type(look: Look): string {
  return `font:16px/1.55 ${escape(look.font)};color:#1f2a2c`;
}

function repeat(count: number, draw: () => string): string {
  return Array.from({ length: count }, draw).join("");
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
