// Moving a part with a pointer: a line shows where it would stand. Escape leaves everything as it was.

const THRESHOLD = 4;
const SCROLL_EDGE = 48;
const SCROLL_STEP = 12;

interface Slot {
  groupId: number;
  index: number;
  top: number;
  left: number;
  before: Element | null;
  list: Element;
}

interface Held {
  id: number;
  grip: HTMLElement;
  row: HTMLElement;
  startX: number;
  startY: number;
  slots: Slot[];
  target: Slot | null;
  isMoving: boolean;
}

export function startDrag(root: HTMLElement, drop: (id: number, groupId: number, index: number) => void): void {
  let held: Held | null = null;
  const line = document.createElement("li");
  line.className = "b-drop";
  line.setAttribute("aria-hidden", "true");

  const end = (): void => {
    held?.row.classList.remove("is-held");
    root.classList.remove("is-dragging");
    line.remove();
    held = null;
  };

  root.addEventListener("pointerdown", (event) => {
    const grip = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-grip]") : null;
    const row = grip?.closest<HTMLElement>("[data-node]");
    if (!grip || !row || event.button !== 0) return;
    held = {
      id: Number(grip.dataset["grip"]),
      grip,
      row,
      startX: event.clientX,
      startY: event.clientY,
      slots: [],
      target: null,
      isMoving: false,
    };
    grip.setPointerCapture(event.pointerId);
  });

  root.addEventListener("pointermove", (event) => {
    if (!held) return;
    if (!held.isMoving) {
      if (Math.hypot(event.clientX - held.startX, event.clientY - held.startY) < THRESHOLD) return;
      held.isMoving = true;
      held.row.classList.add("is-held");
      root.classList.add("is-dragging");
    }
    scrollNear(event.clientY);
    held.slots = slotsOf(root, held.row);
    const target = nearest(held.slots, event.clientX, event.clientY);
    held.target = target;
    if (target) target.list.insertBefore(line, target.before);
  });

  root.addEventListener("pointerup", () => {
    const done = held;
    end();
    if (done?.isMoving && done.target) drop(done.id, done.target.groupId, done.target.index);
  });
  root.addEventListener("pointercancel", end);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && held) end();
  });
}

/** List every place between two parts, and behind the last of each group, outside what is held. */
function slotsOf(root: HTMLElement, heldRow: HTMLElement): Slot[] {
  const slots: Slot[] = [];
  for (const list of root.querySelectorAll<HTMLElement>("[data-group]")) {
    if (heldRow.contains(list)) continue;
    const groupId = Number(list.dataset["group"]);
    const rows = [...list.children].filter((row) => row instanceof HTMLElement && row.dataset["node"] !== undefined);
    const box = list.getBoundingClientRect();
    rows.forEach((row, index) => {
      const { top, left } = row.getBoundingClientRect();
      slots.push({ groupId, index, top, left, before: row, list });
    });
    slots.push({ groupId, index: rows.length, top: box.bottom, left: box.left, before: null, list });
  }
  return slots;
}

/** Return the place that lies nearest: by height, and of two that lie close by the one further left or right. */
function nearest(slots: readonly Slot[], x: number, y: number): Slot | null {
  const distance = (slot: Slot): number => Math.abs(slot.top - y) + (slot.left > x ? (slot.left - x) / 2 : 0) - Math.min(slot.left, x) / 1000;
  return slots.reduce<Slot | null>((best, slot) => (!best || distance(slot) < distance(best) ? slot : best), null);
}

function scrollNear(y: number): void {
  if (y < SCROLL_EDGE) scrollBy(0, -SCROLL_STEP);
  else if (y > innerHeight - SCROLL_EDGE) scrollBy(0, SCROLL_STEP);
}
