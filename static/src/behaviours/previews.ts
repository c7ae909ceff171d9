// A form with a preview beside it: the frame is asked anew for what the form says now.

const PAUSE_MS = 300;
const LEFT_OUT = new Set(["csrfmiddlewaretoken"]);

function addressOf(form: HTMLFormElement): string {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && !LEFT_OUT.has(name)) query.set(name, value);
  }
  return `${form.dataset["previewUrl"] ?? ""}?${query.toString()}`;
}

export function startPreviews(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-preview]")) {
    const frame = document.getElementById(form.dataset["preview"] ?? "");
    if (!(frame instanceof HTMLIFrameElement)) continue;
    let timer = 0;
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => {
        frame.src = addressOf(form);
      }, PAUSE_MS);
    });
  }
}
