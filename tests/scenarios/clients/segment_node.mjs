// A server of a shop that sends what happens with Segment's client for Node: host and write key come
// as arguments, and each line that is printed is a delivery that failed.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ host, writeKey, flushAt: 3, flushInterval: 50, maxRetries: 0 });
analytics.on("error", (failure) => console.log(String(failure.reason ?? failure.code)));

analytics.track({ anonymousId: "node-1", event: "Product Viewed", properties: { price: 29.99 } });
analytics.identify({ userId: "node-u", anonymousId: "node-1", traits: { email: "noa@example.com" } });
analytics.page({ userId: "node-u", name: "Cart", properties: { url: "https://shop.example/cart" } });
analytics.screen({ userId: "node-u", name: "Home" });
analytics.group({ userId: "node-u", groupId: "acme" });
analytics.alias({ userId: "node-u", previousId: "node-1" });
await analytics.closeAndFlush({ timeout: 20_000 });
