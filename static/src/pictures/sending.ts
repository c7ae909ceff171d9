// One file on its way to the server, with how far it is.

export interface Picture {
  id: string;
  url: string;
  thumb: string;
  name: string;
  alt: string;
  width: number;
  height: number;
  /** Only of one that was just uploaded: false where it was there already. */
  is_new?: boolean;
}

/** What browsers offer to choose from; the server looks at the bytes. */
export const KINDS = "image/jpeg,image/png,image/gif,image/webp";
const MAX_BYTES = 10 * 1024 * 1024;

/** Upload a file; rejects with words for people. */
export function sendPicture(url: string, file: File, onProgress: (share: number) => void): Promise<Picture> {
  if (file.size > MAX_BYTES) {
    const words = `The picture has ${(file.size / 1024 / 1024).toFixed(1)} MB; it may have 10 MB. Make it smaller and upload it again.`;
    return Promise.reject(new Error(words));
  }
  const body = new FormData();
  body.append("csrfmiddlewaretoken", document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "");
  body.append("file", file);
  return new Promise((resolve, reject) => {
    // `fetch` does not tell how much has left.
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => onProgress(event.lengthComputable ? event.loaded / event.total : 0));
    request.addEventListener("load", () => {
      const told = request.response as (Picture & { refused?: string }) | null;
      if (told && request.status < 400 && told.refused === undefined) resolve(told);
      else reject(new Error(told?.refused ?? "It could not be uploaded. Try again."));
    });
    request.addEventListener("error", () => reject(new Error("The connection broke off. Try again.")));
    request.send(body);
  });
}
