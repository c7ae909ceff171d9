// Native dialogs: opened by a button that names them, closed by Escape, a button or the backdrop.

/** Open a dialog and go to its first field, or else to its first answer: never to the cross above them. */
function show(dialog: HTMLDialogElement): void {
  dialog.showModal();
  const body = dialog.querySelector(".dialog-body");
  const field = "input:not([type='hidden'], [type='checkbox'], :disabled), select, textarea";
  const first = body?.querySelector<HTMLElement>(field) ?? body?.querySelector<HTMLElement>(".dialog-actions :is(a, button)");
  first?.focus();
}

export function startDialogs(): void {
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const opener = event.target.closest<HTMLElement>("[data-dialog-open]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset["dialogOpen"] ?? "");
      if (dialog instanceof HTMLDialogElement) show(dialog);
      return;
    }
    const closer = event.target.closest("[data-dialog-close]");
    const dialog = closer ? closer.closest("dialog") : event.target;
    if (dialog instanceof HTMLDialogElement) dialog.close();
  });
  // A fragment may bring a dialog that wants to be seen at once.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!(event.target instanceof Element)) return;
    const dialog = event.target.querySelector("dialog[data-open-now]");
    if (dialog instanceof HTMLDialogElement && !dialog.open) show(dialog);
  });
}
