// When a pop-up shows.

import type { Definition } from "./shapes";

const DAY_MS = 86_400_000;

function matches(patterns: string[]): boolean {
  return patterns.some((pattern) => {
    const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join(".*")}$`).test(location.pathname);
  });
}

/** Whether a pop-up may show on this page, by when it showed last: a time, or `done`. */
export function mayShow({ rules }: Definition, last: string): boolean {
  if (last === "done" || Date.now() - Number(last || 0) < rules.days * DAY_MS) return false;
  return (!rules.pages.length || matches(rules.pages)) && !matches(rules.except);
}

/** Opens a pop-up at the first of what its rules name. */
export function plan(found: Definition, show: (found: Definition) => void): void {
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
