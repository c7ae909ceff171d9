// Web push on a shop's site: asks once somebody presses a button, never by itself.
//
//   <script async src="https://crm.example/push.js" data-key="wk_…" data-worker="/patron-worker.js"></script>
//   <button data-patron-push hidden>Tell me when it is back</button>
//
// Where somebody is logged in, data-user (the customer id) and data-user-hash (its HMAC-SHA256, made by the
// shop's server with the push secret) on the tag say whose browser it is; without both it is nobody's.
//
// The worker is a file of the site with one line: importScripts("https://crm.example/push-worker.js")
// The button shows where push can work; with data-text-version the words beside it are part of the proof.
(() => {
  type Body = Record<string, unknown>;

  const tag = document.currentScript as HTMLScriptElement | null;
  const key = tag?.dataset["key"] ?? "";
  if (!tag || !key) return;
  const home = new URL(tag.src).origin;
  const worker = tag.dataset["worker"] ?? "/patron-worker.js";
  const canPush = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

  function call(name: string, body: Body): Promise<Response> {
    // Text is sent without asking first; the server reads it as JSON.
    return fetch(`${home}/v1/push/${name}`, {
      method: "POST",
      body: JSON.stringify({ ...body, writeKey: key }),
      credentials: "omit",
      keepalive: true,
    });
  }

  function read(name: string): string {
    try {
      return localStorage.getItem(`patron_${name}`) ?? "";
    } catch {
      return "";
    }
  }

  function visitor(): string {
    const found = document.cookie.split("; ").find((part) => part.startsWith("patron_id="));
    if (found) return decodeURIComponent(found.slice(10));
    let own = read("push_id");
    if (!own) {
      own = `push-${Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
      try {
        localStorage.setItem("patron_push_id", own);
      } catch {
        // Without storage the subscription itself names the browser.
      }
    }
    return own;
  }

  function user(): Body {
    const [id, hash] = [tag?.dataset["user"], tag?.dataset["userHash"]];
    return id && hash ? { userId: id, userHash: hash } : {};
  }

  function bytes(text: string): Uint8Array<ArrayBuffer> {
    const raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
  }

  /** Asks for permission and subscribes; call it from a press of a button. */
  async function ask(textVersion = ""): Promise<boolean> {
    if (!canPush || (await Notification.requestPermission()) !== "granted") return false;
    const answer = await call("key", {});
    if (!answer.ok) return false;
    const { publicKey } = (await answer.json()) as { publicKey: string };
    await navigator.serviceWorker.register(worker);
    const { pushManager } = await navigator.serviceWorker.ready;
    const subscription = await pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: bytes(publicKey),
    });
    const told = await call("subscribe", {
      subscription: subscription.toJSON(),
      anonymousId: visitor(),
      ...user(),
      url: location.href,
      textVersion,
    });
    return told.ok;
  }

  /** Ends it for this browser. */
  async function stop(): Promise<boolean> {
    const found = await navigator.serviceWorker?.getRegistration(worker);
    const subscription = await found?.pushManager.getSubscription();
    if (!subscription) return false;
    await call("unsubscribe", { subscription: subscription.toJSON() });
    return subscription.unsubscribe();
  }

  function start(): void {
    for (const button of document.querySelectorAll<HTMLElement>("[data-patron-push]")) {
      button.hidden = !canPush || Notification.permission === "denied";
      button.addEventListener("click", () => {
        void ask(button.dataset["textVersion"] ?? "").then((isDone) => {
          button.dispatchEvent(new CustomEvent("patron:push", { bubbles: true, detail: isDone }));
          if (isDone) button.hidden = true;
        });
      });
    }
  }

  (window as unknown as Body)["patronPush"] = { ask, stop };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
