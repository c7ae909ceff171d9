// Forms that a passkey completes: the browser makes or uses one, and its answer is sent along.

type Options = { publicKey: Record<string, unknown> };

async function readOptions(form: HTMLFormElement): Promise<Options> {
  const holder = document.getElementById(form.dataset["passkeyOptions"] ?? "");
  if (holder) return JSON.parse(holder.textContent ?? "") as Options;
  const answer = await fetch(form.dataset["passkeyUrl"] ?? "", { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("no options");
  return ((await answer.json()) as { request_options: Options }).request_options;
}

async function ask(form: HTMLFormElement): Promise<Credential | null> {
  const { publicKey } = await readOptions(form);
  if (form.dataset["passkey"] === "get") {
    const request = publicKey as unknown as PublicKeyCredentialRequestOptionsJSON;
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(request) });
  }
  // A passkey stands for the password too, so it stays on the device and asks who is there.
  const wanted = { residentKey: "required", requireResidentKey: true, userVerification: "required" };
  const creation = {
    ...publicKey,
    authenticatorSelection: { ...(publicKey["authenticatorSelection"] as object), ...wanted },
  } as unknown as PublicKeyCredentialCreationOptionsJSON;
  return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(creation) });
}

async function complete(form: HTMLFormElement): Promise<void> {
  const trouble = form.querySelector<HTMLElement>("[data-passkey-trouble]");
  const field = form.elements.namedItem("credential");
  if (trouble) trouble.hidden = true;
  try {
    const made = await ask(form);
    if (!(made instanceof PublicKeyCredential) || !(field instanceof HTMLInputElement)) throw new Error("no passkey");
    field.value = JSON.stringify(made.toJSON());
    form.submit();
  } catch {
    if (trouble) trouble.hidden = false;
    for (const button of form.querySelectorAll("button")) {
      button.removeAttribute("aria-busy");
      button.disabled = false;
    }
  }
}

export function startPasskeys(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-passkey")) return;
    event.preventDefault();
    void complete(form);
  });
}
