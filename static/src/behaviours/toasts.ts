// Results of what was just done. Errors that need action are banners in the page, never toasts.

const SHOWN_FOR = 5000;

function toastList(): HTMLElement | null {
  return document.getElementById("toasts");
}

function dismiss(toast: HTMLElement): void {
  toast.remove();
}

function arm(toast: HTMLElement): void {
  let timer = setTimeout(dismiss, SHOWN_FOR, toast);
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  toast.addEventListener("focusin", () => clearTimeout(timer));
  toast.addEventListener("pointerleave", () => {
    timer = setTimeout(dismiss, SHOWN_FOR, toast);
  });
}

/** Show one line; `kind` is "good" or "info". */
export function showToast(text: string, kind: "good" | "info" = "good"): void {
  const template = document.getElementById("toast-template");
  const list = toastList();
  if (!(template instanceof HTMLTemplateElement) || !list) return;
  const toast = template.content.firstElementChild?.cloneNode(true);
  if (!(toast instanceof HTMLElement)) return;
  toast.dataset["kind"] = kind;
  const line = toast.querySelector(".toast-text");
  if (line) line.textContent = text;
  list.append(toast);
  arm(toast);
}

export function startToasts(): void {
  for (const toast of document.querySelectorAll<HTMLElement>(".toast")) arm(toast);
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const toast = event.target.closest("[data-toast-close]")?.closest<HTMLElement>(".toast");
    if (toast) dismiss(toast);
  });
  // A view answers a fragment with the header HX-Trigger: {"toast": {"text": "Saved"}}.
  document.addEventListener("toast", (event) => {
    const detail = (event as CustomEvent<{ text?: string; kind?: "good" | "info" }>).detail;
    if (detail.text) showToast(detail.text, detail.kind);
  });
}
