// The script of a shop's site: what visitors look at, search and put into the cart, and who they are
// once they say so. It stands alone, sets one cookie and asks nobody else.
//
//   <script async src="https://crm.example/patron.js" data-key="wk_…"></script>
//
// data-consent="required"  nothing is stored or sent before patron.consent(true)
// data-auto="off"          pages and what is on them are told of by hand alone
(() => {
  type Fields = Record<string, unknown>;
  type Call = [name: string, ...rest: unknown[]];
  type Message = Fields & { messageId: string; timestamp: string };
  interface Session {
    id: string;
    last: number;
  }
  interface Api {
    push: (...calls: Call[]) => void;
    [name: string]: (...rest: never[]) => unknown;
  }

  const tag = document.currentScript as HTMLScriptElement | null;
  const key = tag?.dataset["key"] ?? "";
  if (!tag || !key) return;

  const COOKIE = "patron_id";
  const STORED = "patron";
  const DAYS = 400;
  const SESSION_MS = 30 * 60_000;
  const WAIT_MS = 300;
  const MOST_HELD = 100;
  const MOST_SENT = 20;
  const TRIES = 4;
  const address = `${new URL(tag.src).origin}/v1/batch`;
  const isAutomatic = tag.dataset["auto"] !== "off";
  const refusesSale = (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl === true;

  // Without consent nothing but this page's memory holds anything.
  let mayKeep = read("consent") === "yes";
  let isRefused = read("consent") === "no";
  if (tag.dataset["consent"] !== "required" && !refusesSale && !isRefused) mayKeep = true;

  let held: Message[] = [];
  let timer = 0;
  let failures = 0;
  let before = document.referrer;
  let shown = "";
  let visibleSince = document.visibilityState === "visible" ? Date.now() : 0;
  let visibleMs = 0;

  function uuid(): string {
    return crypto.randomUUID?.() ?? `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  }

  function read(name: string): string {
    try {
      return localStorage.getItem(`${STORED}_${name}`) ?? "";
    } catch {
      return "";
    }
  }

  function write(name: string, value: string): void {
    try {
      if (value) localStorage.setItem(`${STORED}_${name}`, value);
      else localStorage.removeItem(`${STORED}_${name}`);
    } catch {
      // Storage is switched off; the visit is told of all the same.
    }
  }

  function readCookie(): string {
    const found = document.cookie.split("; ").find((part) => part.startsWith(`${COOKIE}=`));
    return found ? decodeURIComponent(found.slice(COOKIE.length + 1)) : "";
  }

  function writeCookie(value: string): void {
    const age = value ? DAYS * 86_400 : 0;
    const rest = `path=/; max-age=${age}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    const labels = location.hostname.split(".");
    // The widest domain that the browser takes, so that www. and checkout. are one shop.
    for (let from = labels.length - 2; from >= 0; from--) {
      document.cookie = `${COOKIE}=${value}; domain=${labels.slice(from).join(".")}; ${rest}`;
      if (readCookie() === value) return;
    }
    document.cookie = `${COOKIE}=${value}; ${rest}`;
  }

  let anonymous = "";
  let user = read("user");
  function anonymousId(): string {
    anonymous ||= readCookie() || uuid();
    if (readCookie() !== anonymous) writeCookie(anonymous);
    return anonymous;
  }

  function session(): { id: string; isNew: boolean } {
    let known: Session | null = null;
    try {
      known = JSON.parse(read("session")) as Session;
    } catch {
      // None yet.
    }
    const isNew = !known || Date.now() - known.last > SESSION_MS;
    const id = known && !isNew ? known.id : uuid();
    write("session", JSON.stringify({ id, last: Date.now() }));
    return { id, isNew };
  }

  function campaign(): Fields | undefined {
    const found: Fields = {};
    for (const [name, value] of new URLSearchParams(location.search)) {
      const word = /^utm_(source|medium|campaign|content|term)$/.exec(name)?.[1];
      if (word && value) found[word === "campaign" ? "name" : word] = value.slice(0, 200);
    }
    return Object.keys(found).length ? found : undefined;
  }

  function context(): Fields {
    const { href, pathname } = location;
    return {
      page: { url: href, path: pathname, title: document.title, referrer: before },
      campaign: campaign(),
      consent: { state: tag?.dataset["consent"] === "required" || read("consent") ? "given" : "not asked" },
      locale: navigator.language,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      library: { name: "patron.js", version: "1" },
    };
  }

  function add(fields: Fields): void {
    if (isRefused) return;
    held.push({ ...fields, context: context(), messageId: uuid(), timestamp: new Date().toISOString() });
    held = held.slice(-MOST_HELD);
    plan(WAIT_MS);
  }

  function plan(wait: number): void {
    if (mayKeep && !timer && held.length) {
      timer = window.setTimeout(() => {
        timer = 0;
        send();
      }, wait);
    }
  }

  /** Says who it is only when it leaves: what was held before consent has named nobody. */
  function take(): Message[] {
    const { id } = session();
    const who = { anonymousId: anonymousId(), userId: user || null };
    return held.splice(0, MOST_SENT).map((message) => ({ sessionId: id, ...who, ...message }));
  }

  function pack(batch: Message[]): string {
    return JSON.stringify({ batch, writeKey: key, sentAt: new Date().toISOString() });
  }

  function send(): void {
    const batch = take();
    const failed = (): void => {
      failures += 1;
      if (failures < TRIES) held.unshift(...batch);
      else failures = 0;
      plan(1_000 * 2 ** failures);
    };
    // Text is sent without asking first; the server reads it as JSON.
    fetch(address, { method: "POST", body: pack(batch), keepalive: true, credentials: "omit" }).then(
      (answer) => {
        if (answer.status === 429 || answer.status >= 500) return failed();
        failures = 0;
        plan(WAIT_MS);
      },
      failed,
    );
  }

  function sendAtOnce(): void {
    while (mayKeep && held.length) {
      const batch = take();
      if (!navigator.sendBeacon(address, pack(batch))) {
        held.unshift(...batch);
        return;
      }
    }
  }

  function track(event: string, properties: Fields = {}): void {
    add({ type: "track", event, properties });
  }

  function identify(who: unknown, traits: Fields = {}): void {
    const isNamed = typeof who === "string" || typeof who === "number";
    if (isNamed) {
      if (user && user !== String(who)) reset();
      user = String(who);
      if (mayKeep) write("user", user);
    }
    add({ type: "identify", traits: isNamed ? traits : ((who ?? {}) as Fields), ...(user && { userId: user }) });
  }

  function reset(): void {
    sendAtOnce();
    user = "";
    write("user", "");
    write("session", "");
    anonymous = mayKeep ? uuid() : "";
    if (mayKeep) writeCookie(anonymous);
  }

  function consent(isGiven: boolean): void {
    mayKeep = isGiven;
    isRefused = !isGiven;
    if (isGiven) {
      write("consent", "yes");
      write("user", user);
      plan(0);
    } else {
      held = [];
      anonymous = user = "";
      for (const name of ["user", "session"]) write(name, "");
      if (readCookie()) writeCookie("");
      write("consent", "no");
    }
    answerCheck();
    // Forms of this shop may wait for it.
    dispatchEvent(new Event("patron:consent"));
  }

  /** Answers whoever opened this page from the install page: that the script is here, and whether it
   * may speak. It says nothing of the visitor. */
  function answerCheck(): void {
    const token = new URLSearchParams(location.search).get("patron_check");
    if (!token) return;
    const state = mayKeep ? "ok" : isRefused ? "refused" : refusesSale ? "gpc" : "waiting";
    const told = { token, key, state, page: location.origin + location.pathname };
    const check = address.replace("batch", "check");
    fetch(check, { method: "POST", body: JSON.stringify(told), credentials: "omit" }).catch(() => {
      new Image().src = `${check}?${new URLSearchParams({ ...told, state: "blocked" })}`;
    });
  }

  function page(name?: string, properties: Fields = {}): void {
    add({ type: "page", name, properties });
  }

  const product = (fields: Fields): void => track("Product Viewed", fields);
  const search = (query: string, fields: Fields = {}): void =>
    track("Products Searched", { query, ...fields });
  const cart = (fields: Fields = {}): void => track("Cart Viewed", fields);
  const checkout = (fields: Fields = {}): void => track("Checkout Started", fields);

  /** Finds the product that the page describes for search engines (JSON-LD). */
  function described(): Fields | undefined {
    for (const node of document.querySelectorAll('script[type="application/ld+json"]')) {
      try {
        const data = JSON.parse(node.textContent ?? "") as Fields | Fields[];
        const graph = (Array.isArray(data) ? data : (data["@graph"] ?? [data])) as Fields[];
        const found = graph.find((item) => [item["@type"]].flat().includes("Product"));
        if (found) return shapeProduct(found);
      } catch {
        // Not every shop writes valid JSON there.
      }
    }
    return undefined;
  }

  function shapeProduct(found: Fields): Fields {
    const offer = ([found["offers"]].flat()[0] ?? {}) as Fields;
    const brand = found["brand"] as Fields | string | undefined;
    return {
      product_id: found["productID"] ?? found["sku"] ?? found["@id"],
      sku: found["sku"],
      name: found["name"],
      brand: typeof brand === "object" ? brand["name"] : brand,
      category: found["category"],
      price: Number(offer["price"] ?? offer["lowPrice"]) || undefined,
      currency: offer["priceCurrency"],
      url: location.href,
      image_url: [found["image"]].flat()[0],
    };
  }

  function tellPage(): void {
    const here = location.pathname + location.search;
    if (here === shown) return;
    if (shown) leave();
    shown = here;
    page();
    const query = new URLSearchParams(location.search);
    const words = query.get("q") ?? query.get("query") ?? query.get("s");
    if (words) search(words);
    else if (/\/checkouts?(\/|$)(?!order-received|thank)/.test(location.pathname)) checkout();
    else if (/\/(cart|basket)(\/|$)/.test(location.pathname)) cart();
    const item = described();
    if (item) product(item);
    before = location.href;
  }

  /** Says how long the page was looked at. */
  function leave(): void {
    if (visibleSince) visibleMs += Date.now() - visibleSince;
    visibleSince = document.visibilityState === "visible" ? Date.now() : 0;
    const seconds = Math.round(visibleMs / 1_000);
    visibleMs = 0;
    if (seconds > 0) track("Page Left", { path: shown.split("?")[0], seconds });
  }

  function follow(name: "pushState" | "replaceState"): void {
    const original = history[name].bind(history);
    history[name] = (...rest) => {
      original(...rest);
      window.setTimeout(tellPage);
    };
  }

  const methods: Fields = {
    track,
    identify,
    page,
    product,
    search,
    cart,
    checkout,
    consent,
    reset,
  };

  function call([name, ...rest]: Call): void {
    const method = methods[name];
    if (typeof method === "function") method(...rest);
  }

  answerCheck();
  const waiting = (window as { patron?: Call[] }).patron ?? [];
  const api = { ...methods, push: (...calls: Call[]) => calls.forEach(call) } as unknown as Api;
  (window as unknown as { patron: Api }).patron = api;

  if (isAutomatic) {
    follow("pushState");
    follow("replaceState");
    window.addEventListener("popstate", () => window.setTimeout(tellPage));
    tellPage();
  }
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
      visibleSince = Date.now();
      return;
    }
    if (isAutomatic) leave();
    sendAtOnce();
  });
  window.addEventListener("pagehide", sendAtOnce);
  if (Array.isArray(waiting)) waiting.forEach(call);
})();
