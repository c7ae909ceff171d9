// A server of a shop that sends what happens with RudderStack's client for Node: host and write key
// come as arguments, and each line that is printed is a delivery that failed.
import RudderAnalytics from "@rudderstack/rudder-sdk-node";

const [host, writeKey, packed] = process.argv.slice(2);
const client = new RudderAnalytics(writeKey, {
  dataPlaneUrl: host,
  gzip: packed === "gzip",
  flushAt: 3,
  flushInterval: 50,
  logLevel: "error",
});
const failed = (error) => error && console.log(String(error));

client.track({ anonymousId: "node-1", event: "Product Viewed", properties: { price: 29.99 } }, failed);
client.identify({ userId: "node-u", anonymousId: "node-1", traits: { email: "noa@example.com" } }, failed);
client.page({ userId: "node-u", name: "Cart", properties: { url: "https://shop.example/cart" } }, failed);
client.screen({ userId: "node-u", name: "Home" }, failed);
client.group({ userId: "node-u", groupId: "acme" }, failed);
client.alias({ userId: "node-u", previousId: "node-1" }, failed);
await client.flush();
