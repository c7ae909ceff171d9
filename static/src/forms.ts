// The sign-up forms of a shop's site: in its pages and as pop-ups, each in a shadow root of its own,
// where no style of the page reaches it. It stands alone, sets no cookie, and asks nobody else.
//
//   <div data-patron-form="KEY"></div>                        draws a form in the page
//   <script async src="https://crm.example/forms.js" data-form="KEY KEY"></script>    plans pop-ups
//   <button data-patron-open="KEY">                           opens a pop-up at once
//
// data-consent="required"  pop-ups wait for patron.consent(true), as they remember that they showed
(() => {
  type Kind = "embedded" | "popup" | "page";
  interface Question {
    name: string;
    kind: string;
    label: string;
    required: boolean;
    options: string[];
  }
  interface Definition {
    key: string;
    ticket: string;
    kind: Kind;
    title: string;
    text: string;
    button: string;
    questions: Question[];
    consent: { text: string; box: boolean };
    success: { title: string; text: string; code?: string };
    rules: {
      seconds: number | null;
      scroll: number | null;
      exit: boolean;
      pages: string[];
      except: string[];
      days: number;
      position: string;
    };
    look: {
      name: string;
      accent: string;
      onAccent: string;
      link: string;
      logo: string;
      logoWidth: number;
      logoHeight: number;
    };
  }
  interface Answer {
    ok?: boolean;
    code?: string;
    form?: Definition;
    wait?: number;
    errors?: Record<string, string>;
  }
  type Attributes = Record<string, string | boolean>;

  const tag = document.currentScript as HTMLScriptElement | null;
  if (!tag) return;
  const home = new URL(tag.src).origin;
  const isPreview = tag.dataset["preview"] !== undefined;
  const isWaiting = tag.dataset["consent"] === "required";
  const DAY_MS = 86_400_000;
  const MOST_WAIT = 5;
  const INPUTS: Record<string, [type: string, autocomplete: string, mode?: string]> = {
    email: ["email", "email"],
    phone: ["tel", "tel"],
    first_name: ["text", "given-name"],
    birthday: ["date", "bday"],
    text: ["text", "off"],
    number: ["text", "off", "decimal"],
    date: ["date", "off"],
  };
  const drawn = new WeakSet<Element>();
  const opened = new Set<string>();

  const CSS = `
:host{all:initial;display:block;color-scheme:light}
*{box-sizing:border-box}
.form{position:relative;max-width:26rem;margin:0 auto;padding:1.75rem;border-radius:12px;background:#fff;
color:#1b1f23;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;text-align:left}
:host([data-framed]) .form{border:1px solid #d8dcdf}
img{display:block;margin:0 0 1rem;height:auto;max-width:100%}
h2{margin:0;padding-right:2rem;font-size:1.375rem;line-height:1.25;font-weight:650;letter-spacing:-.01em}
h2:focus{outline:0}
p{margin:.5rem 0 0;overflow-wrap:anywhere}
form{display:grid;gap:1rem;margin:1.25rem 0 0}
label,legend{display:block;padding:0;font-size:.875rem;font-weight:550}
fieldset{margin:0;padding:0;border:0;min-width:0}
.soft{color:#57606a;font-weight:400}
input:not([type=radio],[type=checkbox]){display:block;width:100%;min-height:2.75rem;margin-top:.25rem;
padding:.5rem .75rem;border:1px solid #868e96;border-radius:8px;background:#fff;color:inherit;font:inherit}
input[aria-invalid=true]{border-color:#b42318}
.option{display:flex;gap:.625rem;align-items:flex-start;min-height:2rem;padding:.25rem 0;font-weight:400;
font-size:.9375rem;cursor:pointer}
.option input{flex:none;width:1.125rem;height:1.125rem;margin:.1875rem 0 0;accent-color:var(--link)}
.wrong{margin:.25rem 0 0;color:#b42318;font-size:.875rem}
.agreed{display:contents}
.small{margin:0;color:#57606a;font-size:.8125rem;line-height:1.45}
button{font:inherit;cursor:pointer}
.send{min-height:3rem;padding:.625rem 1rem;border:0;border-radius:8px;background:var(--accent);
color:var(--on-accent);font-weight:600}
.send[aria-disabled=true]{opacity:.7;cursor:progress}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.trap{position:absolute;left:-9999px;width:1px;height:1px;overflow:hidden}
.code{display:inline-block;margin-top:1rem;padding:.625rem 1rem;border:1px dashed #868e96;border-radius:8px;
font:600 1.125rem ui-monospace,monospace;user-select:all;overflow-wrap:anywhere}
.close{position:absolute;top:.75rem;right:.75rem;width:2.75rem;height:2.75rem;border:0;border-radius:50%;
background:0;color:#57606a;font-size:1.5rem;line-height:1}
.close:hover{background:#f1f3f4}
dialog{border:0;padding:0;background:0;width:min(26rem,calc(100vw - 2rem));max-height:calc(100dvh - 2rem);
border-radius:12px;box-shadow:0 12px 48px rgb(0 0 0/.28);overflow:auto}
dialog::backdrop{background:rgb(15 20 25/.55)}
dialog.corner{position:fixed;inset:auto 1rem 1rem auto;margin:0;z-index:2147483000}
dialog.still{position:fixed;z-index:1}
dialog.still:not(.corner){inset:0;margin:auto;height:fit-content}
.veil{position:fixed;inset:0;background:rgb(15 20 25/.55)}
@media (prefers-reduced-motion:no-preference){dialog{animation:in .15s ease-out}
@keyframes in{from{opacity:0;transform:translateY(8px)}}}`;

  function make<K extends keyof HTMLElementTagNameMap>(
    name: K,
    attributes: Attributes = {},
    ...children: (Node | string)[]
  ): HTMLElementTagNameMap[K] {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== false) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children);
    return made;
  }

  function uuid(): string {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  function read(name: string): string {
    try {
      return localStorage.getItem(`patron_${name}`) ?? "";
    } catch {
      return "";
    }
  }

  function remember(key: string, value: string): void {
    try {
      if (!isPreview) localStorage.setItem(`patron_form_${key}`, value);
    } catch {
      // Storage is switched off; the form may show again on the next page.
    }
  }

  function visitor(): string {
    const found = document.cookie.split("; ").find((part) => part.startsWith("patron_id="));
    return found ? decodeURIComponent(found.slice(10)) : "";
  }

  function post(path: string, body: unknown): Promise<Response> {
    // Text is sent without asking first; the server reads it as JSON.
    return fetch(`${home}/forms/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      credentials: "omit",
      keepalive: true,
    });
  }

  function noteSeen(key: string): void {
    if (!isPreview && key) void post(`${key}/seen`, {}).catch(() => undefined);
  }

  function open(host: HTMLElement, look: Definition["look"]): ShadowRoot {
    const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    root.replaceChildren();
    host.style.setProperty("--accent", look.accent);
    host.style.setProperty("--on-accent", look.onAccent);
    host.style.setProperty("--link", look.link);
    return root;
  }

  function optional(question: Question): (Node | string)[] {
    const more = question.required ? [] : [make("span", { class: "soft" }, " (optional)")];
    return [question.label, ...more];
  }

  function drawGroup(question: Question): HTMLElement {
    const type = question.kind === "choices" ? "checkbox" : "radio";
    const pairs =
      question.kind === "yes_no"
        ? [["yes", "Yes"] as const, ["no", "No"] as const]
        : question.options.map((option) => [option, option] as const);
    return make(
      "fieldset",
      { "aria-describedby": `${question.name}-wrong` },
      make("legend", {}, ...optional(question)),
      ...pairs.map(([value, label]) =>
        make("label", { class: "option" }, make("input", { type, name: question.name, value }), label),
      ),
    );
  }

  function drawField(question: Question): HTMLElement {
    const input = INPUTS[question.kind];
    const id = `patron-${question.name}`;
    const wrong = make("p", { class: "wrong", id: `${question.name}-wrong`, hidden: true });
    if (!input) return make("div", {}, drawGroup(question), wrong);
    const [type, autocomplete, inputmode] = input;
    const attributes = { id, name: question.name, type, autocomplete, "aria-describedby": wrong.id };
    return make(
      "div",
      {},
      make("label", { for: id }, ...optional(question)),
      make("input", {
        ...attributes,
        ...(inputmode && { inputmode }),
        ...(question.required && { "aria-required": "true" }),
      }),
      wrong,
    );
  }

  function drawConsent({ text, box }: Definition["consent"]): HTMLElement[] {
    if (!text) return [];
    if (!box) return [make("p", { class: "small" }, text)];
    const tick = make("input", { type: "checkbox", name: "agreed", value: "1" });
    return [make("label", { class: "option small" }, tick, make("span", {}, text))];
  }

  function collect(form: HTMLFormElement, questions: Question[]): Record<string, unknown> {
    const data = new FormData(form);
    return Object.fromEntries(
      questions.map(({ name, kind }) => [name, kind === "choices" ? data.getAll(name) : data.get(name)]),
    );
  }

  function blame(panel: HTMLElement, form: HTMLFormElement, errors: Record<string, string>): void {
    let first: HTMLElement | null = null;
    for (const wrong of form.querySelectorAll<HTMLElement>(".wrong[id$='-wrong']")) {
      const text = errors[wrong.id.replace(/-wrong$/, "")] ?? "";
      const field = wrong.parentElement?.querySelector<HTMLElement>("input");
      wrong.textContent = text;
      wrong.hidden = !text;
      if (text) field?.setAttribute("aria-invalid", "true");
      else field?.removeAttribute("aria-invalid");
      if (text && !first) first = field ?? null;
    }
    say(panel, first ? "" : (errors["__all__"] ?? ""));
    first?.focus();
  }

  function say(panel: HTMLElement, text: string): void {
    const line = panel.querySelector<HTMLElement>("[role=alert]");
    if (!line) return;
    line.textContent = text;
    line.hidden = !text;
  }

  function thank(panel: HTMLElement, { success }: Definition, code = success.code): void {
    const title = make("h2", { tabindex: "-1", id: "patron-title" }, success.title);
    const done = make("div", { role: "status" }, title);
    if (success.text) done.append(make("p", {}, success.text));
    if (code) done.append(make("span", { class: "code" }, code));
    panel.querySelectorAll(":scope > :not(.close)").forEach((node) => node.remove());
    panel.append(done);
    title.focus();
  }

  /** Shows what is asked now; returns whether those are the words that they have read. */
  function renew(found: Definition, form: HTMLFormElement, now: Definition): boolean {
    const isSame = found.consent.text === now.consent.text && found.consent.box === now.consent.box;
    found.ticket = now.ticket;
    found.consent = now.consent;
    if (!isSame) form.querySelector(".agreed")?.replaceChildren(...drawConsent(now.consent));
    return isSame;
  }

  async function send(found: Definition, panel: HTMLElement, form: HTMLFormElement, id: string): Promise<void> {
    const data = new FormData(form);
    const body = {
      id,
      ticket: found.ticket,
      values: collect(form, found.questions),
      agreed: data.get("agreed") === "1",
      trap: data.get("fax_number") ?? "",
      url: location.href,
      referrer: document.referrer,
      anonymousId: visitor(),
    };
    for (let tries = 0; tries < 3; tries++) {
      const answer = await post(found.key, body);
      const told = (await answer.json().catch(() => ({}))) as Answer;
      if (answer.status === 429 && told.wait && told.wait <= MOST_WAIT) {
        await new Promise((resume) => setTimeout(resume, (told.wait ?? 1) * 1_000));
        continue;
      }
      if (answer.status === 409 && told.form) {
        if (!renew(found, form, told.form)) {
          say(panel, "These words have changed. Read them once more, then press the button.");
          return;
        }
        body.ticket = found.ticket;
        continue;
      }
      if (answer.ok) {
        remember(found.key, "done");
        thank(panel, found, told.code);
      } else if (told.errors) blame(panel, form, told.errors);
      else say(panel, answer.status === 404 ? "This form is closed." : "Too many tries from here. Try again later.");
      return;
    }
    say(panel, "That did not work. Please try once more.");
  }

  /** Draws a form; whoever asks puts the panel where it belongs. */
  function draw(found: Definition): HTMLElement {
    const { look, title, text } = found;
    const panel = make("div", { class: "form" });
    if (look.logo) {
      const size = { width: String(look.logoWidth), height: String(look.logoHeight) };
      panel.append(make("img", { src: look.logo, alt: look.name, ...size }));
    }
    panel.append(make("h2", { id: "patron-title", tabindex: "-1" }, title));
    if (text) panel.append(make("p", { id: "patron-text" }, text));
    const button = make("button", { type: "submit", class: "send" }, found.button);
    const trap = make("input", { name: "fax_number", tabindex: "-1", autocomplete: "off" });
    const form = make(
      "form",
      { novalidate: true },
      ...found.questions.map(drawField),
      make("div", { class: "trap", "aria-hidden": "true" }, make("label", {}, "Fax", trap)),
      make("div", { class: "agreed" }, ...drawConsent(found.consent)),
      make("p", { class: "wrong", role: "alert", hidden: true }),
      button,
    );
    const id = uuid();
    let isBusy = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (isBusy) return;
      if (isPreview) return thank(panel, found);
      isBusy = true;
      button.setAttribute("aria-disabled", "true");
      say(panel, "");
      send(found, panel, form, id)
        .catch(() => say(panel, "There is no connection. Nothing is lost: press the button once more."))
        .finally(() => {
          isBusy = false;
          button.removeAttribute("aria-disabled");
        });
    });
    panel.append(form);
    return panel;
  }

  function embed(place: HTMLElement, found: Definition): void {
    if (found.kind !== "page") place.dataset["framed"] = "";
    open(place, found.look).append(draw(found));
    const watch = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      noteSeen(found.key);
    });
    watch.observe(place);
  }

  function show(found: Definition): void {
    const { key, look, rules } = found;
    if (opened.has(key) && !isPreview) return;
    opened.add(key);
    const host = make("div", { "data-patron-popup": key });
    const root = open(host, look);
    const panel = draw(found);
    const close = make("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
    const isCorner = rules.position === "corner";
    const dialog = make(
      "dialog",
      { class: isCorner ? "corner" : "", "aria-labelledby": "patron-title" },
      panel,
    );
    panel.append(close);
    root.append(dialog);
    document.body.append(host);
    if (isPreview) {
      dialog.classList.add("still");
      dialog.setAttribute("open", "");
      if (!isCorner) root.prepend(make("div", { class: "veil" }));
      return;
    }
    const before = document.activeElement;
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog && !isCorner) dialog.close();
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && isCorner) dialog.close();
      event.stopPropagation();
    });
    dialog.addEventListener("close", () => {
      host.remove();
      opened.delete(key);
      if (before instanceof HTMLElement) before.focus();
    });
    if (isCorner) dialog.show();
    else dialog.showModal();
    if (isCorner && before instanceof HTMLElement) before.focus();
    else panel.querySelector("h2")?.focus();
    remember(key, String(Date.now()));
    noteSeen(key);
  }

  function matches(patterns: string[]): boolean {
    return patterns.some((pattern) => {
      const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
      return new RegExp(`^${parts.join(".*")}$`).test(location.pathname);
    });
  }

  function mayShow({ key, rules }: Definition): boolean {
    const last = read(`form_${key}`);
    if (last === "done" || Date.now() - Number(last || 0) < rules.days * DAY_MS) return false;
    return (!rules.pages.length || matches(rules.pages)) && !matches(rules.except);
  }

  /** Opens a pop-up at the first of what its rules name. */
  function plan(found: Definition): void {
    if (!mayShow(found)) return;
    const { seconds, scroll, exit } = found.rules;
    const ends: (() => void)[] = [];
    const start = (): void => {
      ends.forEach((end) => end());
      show(found);
    };
    const listen = (target: EventTarget, name: string, hear: (event: Event) => void): void => {
      target.addEventListener(name, hear, { passive: true });
      ends.push(() => target.removeEventListener(name, hear));
    };
    if (seconds !== null) {
      const timer = setTimeout(start, seconds * 1_000);
      ends.push(() => clearTimeout(timer));
    }
    if (scroll !== null) {
      listen(window, "scroll", () => {
        const { scrollHeight } = document.documentElement;
        const way = scrollHeight - innerHeight;
        if (way > 0 && scrollY / way >= scroll / 100) start();
      });
    }
    if (exit) {
      listen(document, "mouseout", (event) => {
        const { relatedTarget, clientY } = event as MouseEvent;
        if (!relatedTarget && clientY <= 0) start();
      });
    }
  }

  const asked = new Map<string, Promise<Definition | null>>();
  function find(key: string): Promise<Definition | null> {
    let found = asked.get(key);
    if (!found) {
      found = fetch(`${home}/forms/${encodeURIComponent(key)}.json`, { credentials: "omit" }).then(
        (answer) => (answer.ok ? (answer.json() as Promise<Definition>) : null),
        () => null,
      );
      asked.set(key, found);
    }
    return found;
  }

  async function start(): Promise<void> {
    const places = document.querySelectorAll<HTMLElement>("[data-patron-form]");
    const inPage = new Set([...places].map((place) => place.dataset["patronForm"] ?? ""));
    for (const place of places) {
      if (drawn.has(place)) continue;
      drawn.add(place);
      const found = await find(place.dataset["patronForm"] ?? "");
      if (found && !place.shadowRoot) embed(place, found);
    }
    for (const key of (tag?.dataset["form"] ?? "").split(/\s+/).filter(Boolean)) {
      if (inPage.has(key)) continue;
      const found = await find(key);
      if (found?.kind === "popup") plan(found);
    }
  }

  if (isPreview) {
    window.addEventListener("message", ({ origin, data }: MessageEvent<Definition>) => {
      if (origin !== location.origin || !data?.look) return;
      document.querySelectorAll("[data-patron-popup]").forEach((node) => node.remove());
      const place = document.querySelector<HTMLElement>("[data-place]");
      place?.shadowRoot?.replaceChildren();
      if (data.kind === "popup") show(data);
      else if (place) embed(place, data);
    });
    parent.postMessage({ patron: "preview" }, location.origin);
    return;
  }

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-patron-open]") : null;
    const key = button?.getAttribute("data-patron-open");
    if (key) void find(key).then((found) => found && show(found));
  });
  const begin = (): void => {
    if (!isWaiting || read("consent") === "yes") void start();
    else window.addEventListener("patron:consent", () => read("consent") === "yes" && void start(), { once: true });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
