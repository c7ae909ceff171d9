// Buttons that copy a key, an address or a block of code.

import { showToast } from "./toasts";

function textOf(button: HTMLElement): string {
  const literal = button.dataset["copy"];
  if (literal) return literal;
  const source = document.getElementById(button.dataset["copyFrom"] ?? "");
  return source instanceof HTMLInputElement ? source.value : (source?.textContent ?? "");
}

export function startCopies(): void {
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest<HTMLElement>("[data-copy], [data-copy-from]");
    if (!button) return;
    void navigator.clipboard.writeText(textOf(button).trim()).then(
      () => showToast("Copied"),
      () => showToast("Your browser did not allow copying", "info"),
    );
  });
}
