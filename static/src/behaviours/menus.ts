// Menus and popovers are native popovers; this places them beside their button and adds arrow keys.

const GAP = 6;
const EDGE = 8;

function invokerOf(popover: HTMLElement): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[popovertarget="${CSS.escape(popover.id)}"]`);
}

function placePopover(popover: HTMLElement, invoker: HTMLElement): void {
  const anchor = invoker.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const alignEnd = popover.dataset["align"] === "end";
  const wanted = alignEnd ? anchor.right - width : anchor.left;
  const left = Math.min(Math.max(EDGE, wanted), innerWidth - width - EDGE);
  const below = anchor.bottom + GAP;
  const fitsBelow = below + height <= innerHeight - EDGE;
  const top = fitsBelow ? below : Math.max(EDGE, anchor.top - GAP - height);
  popover.style.left = `${left}px`;
  popover.style.top = `${top}px`;
}

function itemsOf(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>("a[href], button:not(:disabled)")];
}

function moveFocus(menu: HTMLElement, key: string): boolean {
  const items = itemsOf(menu);
  const index = items.findIndex((item) => item === document.activeElement);
  const last = items.length - 1;
  const target: Record<string, number> = {
    ArrowDown: index >= last ? 0 : index + 1,
    ArrowUp: index <= 0 ? last : index - 1,
    Home: 0,
    End: last,
  };
  const next = target[key];
  if (next === undefined) return false;
  items[next]?.focus();
  return true;
}

export function startMenus(): void {
  document.addEventListener(
    "toggle",
    (event) => {
      const popover = event.target;
      if (!(popover instanceof HTMLElement) || !popover.matches("[popover]")) return;
      const isOpen = popover.matches(":popover-open");
      const invoker = invokerOf(popover);
      if (!invoker) return;
      invoker.setAttribute("aria-expanded", String(isOpen));
      if (!isOpen) return;
      placePopover(popover, invoker);
      if (popover.matches(".menu")) itemsOf(popover)[0]?.focus();
    },
    true,
  );
  document.addEventListener("keydown", (event) => {
    const menu = document.querySelector<HTMLElement>(".menu:popover-open");
    if (menu && moveFocus(menu, event.key)) event.preventDefault();
  });
  addEventListener("resize", closeAll);
  document.addEventListener("scroll", closeOnPageScroll, { capture: true, passive: true });
}

function closeAll(): void {
  for (const open of document.querySelectorAll<HTMLElement>("[popover]:popover-open:not(.toasts)")) {
    open.hidePopover();
  }
}

function closeOnPageScroll(event: Event): void {
  if (event.target === document) closeAll();
}
