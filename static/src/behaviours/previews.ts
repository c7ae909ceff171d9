// A form with a preview beside it: the frame is asked anew for what the form says now, or is handed
// what the server makes of it.

const PAUSE_MS = 300;
const LEFT_OUT = new Set(["csrfmiddlewaretoken"]);

function addressOf(form: HTMLFormElement): string {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && !LEFT_OUT.has(name)) query.set(name, value);
  }
  return `${form.dataset["previewUrl"] ?? ""}?${query.toString()}`;
}

/** Posts what the form says, as it may be long, and hands the answer to the page in the frame. */
async function handOver(form: HTMLFormElement, frame: HTMLIFrameElement): Promise<void> {
  const body = new FormData(form);
  const answer = await fetch(form.dataset["previewUrl"] ?? "", { method: "POST", body });
  if (answer.ok) frame.contentWindow?.postMessage(await answer.json(), location.origin);
}

function startPreview(form: HTMLFormElement, frame: HTMLIFrameElement): void {
  const isPosted = form.hasAttribute("data-preview-post");
  let timer = 0;
  const show = (): void => {
    if (isPosted) void handOver(form, frame).catch(() => undefined);
    else frame.src = addressOf(form);
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(show, PAUSE_MS);
  });
  if (!isPosted) return;
  // The page in the frame says when it can draw.
  window.addEventListener("message", (event) => {
    if (event.source === frame.contentWindow && event.origin === location.origin) show();
  });
  // It may have said so before this script ran.
  if (frame.contentDocument?.readyState === "complete") show();
}

export function startPreviews(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-preview]")) {
    const frame = document.getElementById(form.dataset["preview"] ?? "");
    if (frame instanceof HTMLIFrameElement) startPreview(form, frame);
  }
}
