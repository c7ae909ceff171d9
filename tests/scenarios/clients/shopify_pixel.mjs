// Runs the custom pixel as Shopify does: its globals are there, and events are published to whom
// subscribed. Host, key and the pixel's own text come as arguments and on the standard input.
import { readFileSync } from "node:fs";

const [allowed] = process.argv.slice(2);
const source = readFileSync(0, "utf8");
const subscribed = new Map();
const document = {
  location: { href: "https://soap.example/products/lemon?utm_source=news" },
  title: "Lemon soap",
  referrer: "https://news.example/",
};
const context = { document, navigator: { language: "en-GB" } };
const money = (value) => ({ amount: value, currencyCode: "GBP" });
const variant = {
  id: "12",
  sku: "SOAP-L",
  title: "Large",
  price: money(6.5),
  image: { src: "https://soap.example/lemon.png" },
  product: { id: "11", title: "Lemon soap", vendor: "Ada", type: "Soap", url: "/products/lemon" },
};
const line = { merchandise: variant, quantity: 2, cost: { totalAmount: money(13) } };
const checkout = {
  token: "tok-1",
  email: "ada@example.com",
  currencyCode: "GBP",
  totalPrice: money(13),
  subtotalPrice: money(13),
  totalTax: money(0),
  order: { id: "gid://shopify/Order/5001" },
  lineItems: [{ title: "Lemon soap", variant, quantity: 2, finalLinePrice: money(13) }],
};
const globals = {
  init: {
    data: { customer: null },
    context,
    customerPrivacy: { analyticsProcessingAllowed: allowed === "yes" },
  },
  api: { customerPrivacy: { subscribe: (name, hear) => subscribed.set(name, hear) } },
  browser: { cookie: { get: async () => "a-1" } },
  analytics: { subscribe: (name, hear) => subscribed.set(name, hear) },
};
await new Function(...Object.keys(globals), `return (async () => {${source}})();`)(
  ...Object.values(globals),
);

let number = 0;
const publish = (name, data) =>
  subscribed.get(name)({
    id: `pixel-${(number += 1)}`,
    name,
    timestamp: new Date().toISOString(),
    clientId: "shopify-client",
    context,
    data,
  });

await publish("page_viewed", {});
if (allowed === "later") {
  await subscribed.get("visitorConsentCollected")({
    customerPrivacy: { analyticsProcessingAllowed: true },
  });
}
await publish("product_viewed", { productVariant: variant });
await publish("search_submitted", { searchResult: { query: "lemon" } });
await publish("product_added_to_cart", { cartLine: line });
await publish("cart_viewed", {
  cart: { id: "c-1", cost: { totalAmount: money(13) }, lines: [line] },
});
await publish("checkout_started", { checkout });
await publish("checkout_completed", { checkout });
