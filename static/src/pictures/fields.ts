// A button beside a field for the address of a picture: it puts the address of a chosen one there.

import { PicturePicker } from "./picker";

export function startFields(): void {
  for (const opener of document.querySelectorAll<HTMLButtonElement>("button[data-picture-field]")) {
    const picker = new PicturePicker(opener.dataset["picturesUrl"] ?? "", opener.dataset["uploadUrl"] ?? "");
    opener.hidden = false;
    opener.addEventListener("click", () => {
      picker.open((picture) => {
        const field = document.getElementById(opener.dataset["pictureField"] ?? "");
        if (!(field instanceof HTMLInputElement)) return;
        field.value = picture.url;
        field.dispatchEvent(new Event("input", { bubbles: true }));
        field.focus();
      });
    });
  }
}
