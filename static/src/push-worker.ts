// What a shop's service worker does with push messages: shows them, and opens where they lead.
(() => {
  interface Shown {
    title: string;
    body: string;
    url: string;
    image: string;
    reference: string;
  }
  interface Lasting extends Event {
    waitUntil: (work: Promise<unknown>) => void;
  }
  interface Pushed extends Lasting {
    data: { json: () => Shown } | null;
  }
  interface Clicked extends Lasting {
    notification: { close: () => void; data: { url: string } };
  }
  interface Scope {
    addEventListener: (name: string, hear: (event: never) => void) => void;
    registration: { showNotification: (title: string, options: object) => Promise<void> };
    clients: { openWindow: (url: string) => Promise<unknown> };
  }
  const scope = self as unknown as Scope;

  scope.addEventListener("push", (event: Pushed) => {
    const shown = event.data?.json();
    if (!shown) return;
    const { title, body, url, image, reference } = shown;
    const options = { body, tag: reference, data: { url }, ...(image && { image }) };
    event.waitUntil(scope.registration.showNotification(title, options));
  });
  scope.addEventListener("notificationclick", (event: Clicked) => {
    event.notification.close();
    const { url } = event.notification.data;
    if (/^https?:/.test(url)) event.waitUntil(scope.clients.openWindow(url));
  });
})();
