// Rows that are chosen for an action on many: counted, all of the page, or all that match.

function boxesOf(list: Element): HTMLInputElement[] {
  return [...list.querySelectorAll<HTMLInputElement>("[data-select]")];
}

function show(list: Element, isAll: boolean): void {
  const boxes = boxesOf(list);
  const chosen = boxes.filter((box) => box.checked).length;
  const bar = list.querySelector<HTMLElement>("[data-selection-bar]");
  const all = list.querySelector<HTMLInputElement>("[data-selection-all]");
  const page = list.querySelector<HTMLInputElement>("[data-select-page]");
  const more = list.querySelector<HTMLElement>("[data-select-all]");
  const count = list.querySelector("[data-selection-count]");
  if (!bar || !all) return;
  bar.hidden = chosen === 0;
  all.value = isAll ? "1" : "";
  if (count) count.textContent = isAll ? `All ${more?.dataset["total"] ?? ""}` : String(chosen);
  if (more) more.hidden = isAll || chosen < boxes.length;
  if (page) {
    page.checked = chosen > 0 && chosen === boxes.length;
    page.indeterminate = chosen > 0 && chosen < boxes.length;
  }
  for (const box of boxes) box.closest("tr")?.setAttribute("aria-selected", String(box.checked));
}

function check(list: Element, isChecked: boolean, isAll = false): void {
  for (const box of boxesOf(list)) box.checked = isChecked;
  show(list, isAll);
}

export function startSelection(): void {
  document.addEventListener("change", (event) => {
    if (!(event.target instanceof HTMLInputElement)) return;
    const list = event.target.closest("[data-selection]");
    if (!list) return;
    if (event.target.hasAttribute("data-select-page")) check(list, event.target.checked);
    else if (event.target.hasAttribute("data-select")) show(list, false);
  });
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const list = event.target.closest("[data-selection]");
    if (!list) return;
    if (event.target.closest("[data-select-all]")) check(list, true, true);
    if (event.target.closest("[data-select-none]")) check(list, false);
  });
  addEventListener("pageshow", () => {
    for (const list of document.querySelectorAll("[data-selection]")) show(list, false);
  });
}
