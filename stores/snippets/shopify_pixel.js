// Patron for Shopify.
// Paste it in Shopify's admin: Settings, Customer events, Add custom pixel.
// It tells Patron of pages, products, searches, the cart and the checkout,
// also where a theme's script may not run. Choose under "Customer privacy"
// when Shopify may start it.
const PATRON = "%HOST%";
const KEY = "%KEY%";

const amount = (money) => (money && money.amount != null ? Number(money.amount) : undefined);

function product(variant, quantity, total) {
  if (!variant) return undefined;
  const of = variant.product || {};
  return {
    product_id: of.id,
    variant_id: variant.id,
    sku: variant.sku || undefined,
    name: of.title || variant.title,
    variant: variant.title || undefined,
    brand: of.vendor || undefined,
    category: of.type || undefined,
    price: amount(variant.price),
    currency: variant.price && variant.price.currencyCode,
    quantity,
    value: amount(total),
    url: of.url ? new URL(of.url, init.context.document.location.href).href : undefined,
    image_url: variant.image ? variant.image.src : undefined,
  };
}

const lineOfCart = (line) =>
  line && product(line.merchandise, line.quantity, line.cost && line.cost.totalAmount);
const lineOfCheckout = (line) =>
  line && { ...product(line.variant, line.quantity, line.finalLinePrice), name: line.title };

function checkout(data) {
  const found = data.checkout || {};
  return {
    order_id: found.order && found.order.id ? String(found.order.id).split("/").pop() : undefined,
    checkout_id: found.token,
    value: amount(found.totalPrice),
    revenue: amount(found.subtotalPrice),
    tax: amount(found.totalTax),
    currency: found.currencyCode,
    coupon: (found.discountApplications || []).map((one) => one.title).filter(Boolean)[0],
    email: found.email || undefined,
    phone: found.phone || undefined,
    products: (found.lineItems || []).map(lineOfCheckout).filter(Boolean),
  };
}

// What Shopify calls it, what Patron calls it, and what is told of it.
const EVENTS = {
  product_viewed: ["Product Viewed", (data) => product(data.productVariant)],
  collection_viewed: [
    "Product List Viewed",
    (data) => ({ list_id: data.collection.id, category: data.collection.title }),
  ],
  search_submitted: ["Products Searched", (data) => ({ query: data.searchResult.query })],
  product_added_to_cart: ["Product Added", (data) => lineOfCart(data.cartLine)],
  product_removed_from_cart: ["Product Removed", (data) => lineOfCart(data.cartLine)],
  cart_viewed: [
    "Cart Viewed",
    (data) =>
      data.cart && {
        cart_id: data.cart.id,
        value: amount(data.cart.cost && data.cart.cost.totalAmount),
        currency: data.cart.cost && data.cart.cost.totalAmount.currencyCode,
        products: (data.cart.lines || []).map(lineOfCart).filter(Boolean),
      },
  ],
  checkout_started: ["Checkout Started", checkout],
  checkout_contact_info_submitted: ["Checkout Step Completed", checkout],
  payment_info_submitted: ["Payment Info Entered", checkout],
  checkout_completed: ["Order Completed", checkout],
};

let mayTell = !init.customerPrivacy || init.customerPrivacy.analyticsProcessingAllowed !== false;
if (typeof api !== "undefined" && api.customerPrivacy) {
  api.customerPrivacy.subscribe("visitorConsentCollected", (event) => {
    mayTell = event.customerPrivacy.analyticsProcessingAllowed;
  });
}

async function visitor(event) {
  // The same visitor as the script of the theme, where that runs too.
  const known = await browser.cookie.get("patron_id").catch(() => "");
  return known || event.clientId;
}

async function tell(event, call) {
  if (!mayTell) return;
  const page = event.context.document;
  const customer = init.data && init.data.customer;
  const message = {
    ...call,
    anonymousId: await visitor(event),
    messageId: event.id,
    timestamp: event.timestamp,
    context: {
      page: { url: page.location.href, title: page.title, referrer: page.referrer },
      consent: { state: "given" },
      locale: event.context.navigator && event.context.navigator.language,
      traits: customer ? { email: customer.email, phone: customer.phone } : undefined,
      library: { name: "patron-shopify-pixel", version: "1" },
    },
  };
  const body = JSON.stringify({
    writeKey: KEY,
    batch: [message],
    sentAt: new Date().toISOString(),
  });
  await fetch(`${PATRON}/v1/batch`, { method: "POST", body, keepalive: true });
}

analytics.subscribe("page_viewed", (event) => tell(event, { type: "page" }));
for (const [name, [title, describe]] of Object.entries(EVENTS)) {
  analytics.subscribe(name, (event) =>
    tell(event, { type: "track", event: title, properties: describe(event.data) || {} }),
  );
}
