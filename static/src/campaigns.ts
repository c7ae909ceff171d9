// The pages of campaigns: their styles, and the search among many segments. All else works by forms
// and by htmx.

import "./styles/campaigns.css";

/** Shows the choices of a list that hold what is typed, and those that are chosen. */
function narrow(input: HTMLInputElement): void {
  const name = input.dataset.narrows ?? "";
  const wanted = input.value.trim().toLocaleLowerCase();
  let left = 0;
  for (const choice of document.querySelectorAll<HTMLElement>(`#${name} > label`)) {
    const isChosen = choice.querySelector("input:checked") !== null;
    const fits = (choice.textContent ?? "").toLocaleLowerCase().includes(wanted);
    choice.hidden = !fits && !isChosen;
    left += Number(fits);
  }
  const nothing = document.querySelector<HTMLElement>(`[data-nothing-left="${name}"]`);
  if (nothing) nothing.hidden = left > 0;
}

document.addEventListener("input", (event) => {
  const target = event.target;
  if (target instanceof HTMLInputElement && target.dataset.narrows) narrow(target);
});
