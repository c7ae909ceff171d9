// The sign-up forms of a shop's site: in its pages and as pop-ups, each in a shadow root of its own,
// where no style of the page reaches it. It stands alone, sets no cookie, and asks nobody else.
//
//   <div data-patron-form="KEY"></div>                        draws a form in the page
//   <script async src="https://crm.example/forms.js" data-form="KEY KEY"></script>    plans pop-ups
//   <button data-patron-open="KEY">                           opens a pop-up at once
//
// data-consent="required"  pop-ups wait for patron.consent(true), as they remember that they showed
import { blame, renew, say, thank } from "./forms/answers";
import { make, uuid } from "./forms/dom";
import { collect, drawConsent, drawField } from "./forms/fields";
import { mayShow, plan } from "./forms/rules";
import type { Answer, Definition } from "./forms/shapes";
import { CSS } from "./forms/styles";

(() => {
  const tag = document.currentScript as HTMLScriptElement | null;
  if (!tag) return;
  const home = new URL(tag.src).origin;
  const isPreview = tag.dataset["preview"] !== undefined;
  const isWaiting = tag.dataset["consent"] === "required";
  const MOST_WAIT = 5;
  const drawn = new WeakSet<Element>();
  const opened = new Set<string>();

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
      if (found?.kind === "popup" && mayShow(found, read(`form_${key}`))) plan(found, show);
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
