// The builder by keyboard alone.

import type { Act } from "./canvas";

interface Target {
  undo(): void;
  redo(): void;
  act(id: number, what: Act): void;
}

const MOVES: Record<string, Act> = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "out", ArrowRight: "into" };
const LETTERS: Record<string, Act> = { KeyD: "duplicate", KeyN: "negate" };

/** Whether the field has its own use for letters and arrows: Alt goes word by word or opens a list. */
function isTyping(target: Element): boolean {
  const isField = target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
  return isField || (target instanceof HTMLInputElement && target.type !== "checkbox");
}

/** Return what a key does to the part that has the focus; undefined for nothing. */
function readAct(event: KeyboardEvent, target: Element): Act | undefined {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return undefined;
  const isGrip = target.hasAttribute("data-grip");
  if (event.altKey) return isTyping(target) ? undefined : (MOVES[event.key] ?? LETTERS[event.code]);
  if (!isGrip) return undefined;
  return event.key === "Delete" || event.key === "Backspace" ? "remove" : MOVES[event.key];
}

export function startKeys(holder: HTMLElement, target: Target): void {
  holder.addEventListener("keydown", (event) => {
    if (!(event.target instanceof Element)) return;
    // Enter in a field must not send the form.
    if (event.key === "Enter" && event.target instanceof HTMLInputElement) event.preventDefault();
    const part = event.target.closest<HTMLElement>("[data-node]");
    const act = part && readAct(event, event.target);
    if (!act) return;
    event.preventDefault();
    target.act(Number(part.dataset["node"]), act);
  });
  document.addEventListener("keydown", (event) => {
    if (!holder.isConnected) return;
    const isOurs = event.target === document.body || (event.target instanceof Element && holder.contains(event.target));
    if (!isOurs || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) target.redo();
    else target.undo();
  });
}
