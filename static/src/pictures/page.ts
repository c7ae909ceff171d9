// The page of pictures: files that are dropped or chosen are sent one after the other.

import { sendPicture } from "./sending";

function startForm(form: HTMLFormElement): void {
  const input = form.querySelector<HTMLInputElement>("input[type=file]");
  const list = form.querySelector<HTMLUListElement>(".p-uploads");
  const button = form.querySelector<HTMLElement>("[data-pictures-send]");
  if (!input || !list) return;
  if (button) button.hidden = true;
  const take = async (files: readonly File[]): Promise<void> => {
    list.hidden = false;
    const rows = files.map((file) => addRow(list, file.name));
    for (const [place, file] of files.entries()) await sendOne(form.action, file, rows[place]);
    input.value = "";
    await refresh(form.dataset["pictures"] ?? "");
  };
  input.addEventListener("change", () => void take([...(input.files ?? [])]));
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.toggleAttribute("data-over", true);
  });
  form.addEventListener("dragleave", () => form.removeAttribute("data-over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.removeAttribute("data-over");
    void take([...(event.dataTransfer?.files ?? [])]);
  });
}

interface Row {
  bar: HTMLProgressElement;
  words: HTMLElement;
}

function addRow(list: HTMLElement, name: string): Row {
  const row = document.createElement("li");
  const label = document.createElement("span");
  const words = document.createElement("span");
  const bar = document.createElement("progress");
  row.className = "p-upload";
  label.className = "truncate";
  label.textContent = name;
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `How much of ${name} is uploaded`);
  words.className = "small";
  words.append(bar);
  row.append(label, words);
  list.append(row);
  return { bar, words };
}

async function sendOne(url: string, file: File, row: Row | undefined): Promise<void> {
  if (!row) return;
  try {
    const picture = await sendPicture(url, file, (share) => (row.bar.value = share));
    row.words.textContent = picture.is_new === false ? `This is ${picture.name}, which is here already.` : "Uploaded";
    row.words.classList.add(picture.is_new === false ? "soft" : "tone-good");
  } catch (error) {
    row.words.textContent = error instanceof Error ? error.message : "It could not be uploaded.";
    row.words.classList.add("tone-bad");
  }
}

/** Show the newest pictures; a page that was empty has no search yet, so it is loaded anew. */
async function refresh(id: string): Promise<void> {
  const answer = await fetch(location.pathname, { headers: { "HX-Request": "true" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
  if (answer.ok && fresh) document.getElementById(id)?.replaceWith(fresh);
}

export function startPictures(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-pictures]")) startForm(form);
}
