// Parts of a page that load later or keep themselves up to date.

import htmx from "htmx.org";

function partOf(event: Event, selector: string): HTMLElement | null {
  return event.target instanceof Element ? event.target.closest<HTMLElement>(selector) : null;
}

function showFailure(part: HTMLElement, hasFailed: boolean): void {
  part.querySelector<HTMLElement>("[data-lazy-wait]")?.toggleAttribute("hidden", hasFailed);
  part.querySelector<HTMLElement>("[data-lazy-error]")?.toggleAttribute("hidden", !hasFailed);
}

function isBusy(part: HTMLElement): boolean {
  return part.querySelector(":popover-open, dialog[open]") !== null || part.contains(document.activeElement);
}

export function startParts(): void {
  // On a small screen tabs scroll sideways; the one that is shown must not lie outside.
  for (const tab of document.querySelectorAll<HTMLElement>(":is(.tabs, .settings-nav) > [aria-current]")) {
    const row = tab.parentElement;
    if (row) row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  }
  for (const name of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(name, (event) => {
      const part = partOf(event, "[data-lazy]");
      if (part) showFailure(part, true);
    });
  }
  document.addEventListener("click", (event) => {
    if (!partOf(event, "[data-lazy-retry]")) return;
    const part = partOf(event, "[data-lazy]");
    if (!part) return;
    showFailure(part, false);
    htmx.trigger(part, "retry");
  });
  // A hidden page rests, and nothing is taken from under somebody's hands.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!(event.target instanceof HTMLElement) || !event.target.hasAttribute("data-poll")) return;
    if (document.hidden || isBusy(event.target)) event.preventDefault();
  });
}
