// The step after signing up: the time zone of this device, and the currency of the chosen country.

function choose(select: HTMLSelectElement, value: string): void {
  if ([...select.options].some((option) => option.value === value)) select.value = value;
}

export function startOrigins(): void {
  const zone = document.querySelector<HTMLSelectElement>("select[data-here]");
  if (zone && !document.querySelector(".form-errors")) {
    choose(zone, Intl.DateTimeFormat().resolvedOptions().timeZone);
  }
  document.addEventListener("change", (event) => {
    if (!(event.target instanceof HTMLSelectElement)) return;
    const target = document.getElementById(event.target.dataset["setsCurrency"] ?? "");
    const currency = event.target.selectedOptions[0]?.dataset["currency"];
    if (target instanceof HTMLSelectElement && currency) choose(target, currency);
  });
}
