// MJML as it is stored, and as the canvas takes and gives it.

const VOID = /<(mj-[a-z-]+)((?:"[^"]*"|'[^']*'|[^>"'])*?)\/>/g;
const BODY = /<mj-body\b[\s\S]*<\/mj-body\s*>/;
const BUILT = /^\s*<mjml\b[^>]*\blook\s*=\s*["']brand["'][^>]*>\s*<mj-body\b/;
const LIQUID = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;
const ENTITIES: Record<string, string> = { "&gt;": ">", "&lt;": "<", "&quot;": '"', "&#39;": "'", "&amp;": "&" };
const INLINE = new Set(["mj-text", "mj-button", "mj-raw"]);

/** Whether a template was built from blocks, so that the canvas shows it without a loss. */
export function isBuilt(mjml: string): boolean {
  return BUILT.test(mjml);
}

/** The body for the canvas, whose parser knows no elements that close themselves. */
export function toCanvas(mjml: string): string {
  const body = BODY.exec(mjml)?.[0] ?? "<mj-body></mj-body>";
  return `<mjml>${body.replace(VOID, "<$1$2></$1>")}</mjml>`;
}

/** The template for the form: framed, with its Liquid as it was typed, one part on each line. */
export function fromCanvas(body: string): string {
  return `<mjml look="brand">\n${layOut(restoreLiquid(body), 1)}</mjml>\n`;
}

/** Browsers write `>` in a text as `&gt;`; inside of Liquid that would be another language. */
export function restoreLiquid(html: string): string {
  return html.replace(LIQUID, (part) => part.replace(/&(?:gt|lt|quot|#39|amp);/g, (entity) => ENTITIES[entity] ?? entity));
}

function layOut(mjml: string, depth: number): string {
  const pad = "  ".repeat(depth);
  const open = /^\s*<(mj-[a-z-]+)\b(?:"[^"]*"|'[^']*'|[^>"'])*>/.exec(mjml);
  if (!open) return mjml.trim() ? `${pad}${mjml.trim()}\n` : "";
  const tag = open[1] ?? "";
  const end = findEnd(mjml, tag, open[0].length);
  const inside = mjml.slice(open[0].length, end.start);
  const rest = mjml.slice(end.stop);
  const head = open[0].trim();
  const whole =
    INLINE.has(tag) || !inside.trim()
      ? `${pad}${head}${inside.trim()}</${tag}>\n`
      : `${pad}${head}\n${layOut(inside, depth + 1)}${pad}</${tag}>\n`;
  return whole + (rest.trim() ? layOut(rest, depth) : "");
}

/** Where the element that was opened ends, others of its name inside it passed over. */
function findEnd(mjml: string, tag: string, from: number): { start: number; stop: number } {
  const marks = new RegExp(`<(/?)${tag}(?=[\\s>/])[^>]*>`, "g");
  marks.lastIndex = from;
  let open = 1;
  for (let found = marks.exec(mjml); found; found = marks.exec(mjml)) {
    open += found[1] ? -1 : 1;
    if (open === 0) return { start: found.index, stop: marks.lastIndex };
  }
  return { start: mjml.length, stop: mjml.length };
}
