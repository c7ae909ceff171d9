// Forms that are sent once, keep unsaved changes, and lead the eye to the first error.

const dirty = new WeakSet<HTMLFormElement>();

function formOf(event: Event): HTMLFormElement | null {
  return event.target instanceof Element ? event.target.closest("form") : null;
}

function sendOnce(event: SubmitEvent): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method === "get" || form.method === "dialog") return;
  dirty.delete(form);
  if (event.submitter instanceof HTMLButtonElement) {
    const button = event.submitter;
    button.setAttribute("aria-busy", "true");
    // Disabled after the browser has read the form, or the button's value would be missing.
    setTimeout(() => {
      button.disabled = true;
    });
  }
}

function releaseButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[aria-busy='true']")) {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
}

function submitOnChange(event: Event): void {
  // A live search asks for its fragment by itself.
  if (event.target instanceof Element && event.target.hasAttribute("hx-get")) return;
  const form = formOf(event);
  if (form?.hasAttribute("data-submit-on-change")) form.requestSubmit();
}

export function startForms(): void {
  document.addEventListener("input", (event) => {
    const form = formOf(event);
    if (form?.hasAttribute("data-guard")) dirty.add(form);
  });
  document.addEventListener("change", submitOnChange);
  document.addEventListener("submit", sendOnce);
  document.addEventListener("htmx:afterRequest", releaseButtons);
  addEventListener("pageshow", releaseButtons);
  addEventListener("beforeunload", (event) => {
    const hasUnsaved = [...document.forms].some((form) => dirty.has(form));
    if (hasUnsaved) event.preventDefault();
  });
  document.querySelector<HTMLElement>(".form-errors")?.focus();
}
