// The palette: Ctrl or ⌘ and K opens it anywhere; arrows choose, Enter opens what is chosen.

import htmx from "htmx.org";

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

function hitsOf(palette: HTMLElement): HTMLAnchorElement[] {
  return [...palette.querySelectorAll<HTMLAnchorElement>("a[role=option]")];
}

function chosenOf(palette: HTMLElement): HTMLAnchorElement | undefined {
  return hitsOf(palette).find((hit) => hit.getAttribute("aria-selected") === "true");
}

function choose(palette: HTMLElement, input: HTMLElement, hit: HTMLElement | undefined): void {
  chosenOf(palette)?.setAttribute("aria-selected", "false");
  hit?.setAttribute("aria-selected", "true");
  hit?.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", hit?.id ?? "");
}

function step(palette: HTMLElement, input: HTMLElement, by: number): void {
  const hits = hitsOf(palette);
  const chosen = chosenOf(palette);
  const index = chosen ? hits.indexOf(chosen) : -1;
  choose(palette, input, hits[(index + by + hits.length) % hits.length]);
}

function open(palette: HTMLDialogElement, input: HTMLInputElement): void {
  if (palette.open) return;
  for (const other of document.querySelectorAll<HTMLDialogElement>("dialog[open]")) other.close();
  palette.showModal();
  input.select();
  htmx.trigger(input, "open");
}

function follow(hit: HTMLAnchorElement, inNewTab: boolean): void {
  if (inNewTab) window.open(hit.href, "_blank", "noopener");
  else location.assign(hit.href);
}

export function startPalette(): void {
  for (const key of document.querySelectorAll("[data-mod-key]")) key.textContent = isMac ? "⌘" : "Ctrl";
  const palette = document.getElementById("palette");
  const input = palette?.querySelector("input");
  if (!(palette instanceof HTMLDialogElement) || !input) return;

  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (palette.open) palette.close();
    else open(palette, input);
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-palette-open]")) open(palette, input);
  });
  input.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    step(palette, input, by);
  });
  palette.querySelector("form")?.addEventListener("submit", (event) => event.preventDefault());
  // What was found for an earlier text is never opened: Enter waits for the answer to this one.
  let isStale = false;
  let isAwaited = false;
  input.addEventListener("input", () => {
    isStale = true;
    isAwaited = false;
    choose(palette, input, undefined);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const hit = chosenOf(palette);
    if (isStale) isAwaited = true;
    else if (hit) follow(hit, event.ctrlKey || event.metaKey);
  });
  palette.addEventListener("pointermove", (event) => {
    const hit = event.target instanceof Element ? event.target.closest<HTMLElement>("a[role=option]") : null;
    if (hit && hit !== chosenOf(palette)) choose(palette, input, hit);
  });
  palette.addEventListener("close", () => {
    isAwaited = false;
  });
  palette.addEventListener("htmx:afterSwap", () => {
    const [first] = hitsOf(palette);
    isStale = false;
    choose(palette, input, first);
    if (isAwaited && first) follow(first, false);
    isAwaited = false;
  });
}
