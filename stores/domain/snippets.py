"""What a merchant pastes into a shop, with the address and the key filled in."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent.parent / "snippets"
TAG: Final = """<script async
  src="%HOST%/patron.js"
  data-key="%KEY%"></script>"""
TAG_WITH_CONSENT: Final = """<script async
  src="%HOST%/patron.js"
  data-key="%KEY%"
  data-consent="required"></script>"""
CALLS: Final = """<script>
  window.patron = window.patron || [];
  // Your consent banner says yes, or no:
  patron.push(["consent", true]);
  // Who it is, once they log in or type their address:
  patron.push(["identify", "customer-1", { email: "ada@example.com" }]);
  // What is put into the cart, where your pages know it:
  patron.push(["track", "Product Added", {
    product_id: "1", sku: "SOAP", name: "Soap", price: 6.5, currency: "GBP", quantity: 1
  }]);
</script>"""
CURL: Final = """curl %HOST%/v1/track \\
  --user '%KEY%:' \\
  --header 'Content-Type: application/json' \\
  --data '{
    "userId": "customer-1",
    "event": "Checkout Started",
    "messageId": "checkout-1",
    "context": {"traits": {"email": "ada@example.com"}},
    "properties": {
      "currency": "GBP",
      "value": "19.50",
      "checkout_url": "https://your-shop.example/checkout",
      "products": [{"sku": "SOAP", "name": "Soap", "price": "6.50", "quantity": 3}]
    }
  }'"""
SEGMENT_BROWSER: Final = """import { AnalyticsBrowser } from "@segment/analytics-next";

export const analytics = AnalyticsBrowser.load({
  writeKey: "%KEY%",
  cdnURL: "%HOST%",
});"""
SEGMENT_NODE: Final = """import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({ writeKey: "%KEY%", host: "%HOST%" });"""
SEGMENT_PYTHON: Final = """import segment.analytics as analytics

analytics.write_key = "%KEY%"
analytics.host = "%HOST%\""""
RUDDERSTACK_BROWSER: Final = """import { RudderAnalytics } from "@rudderstack/analytics-js";

export const analytics = new RudderAnalytics();
analytics.load("%KEY%", "%HOST%", { configUrl: "%HOST%/v1" });"""
RUDDERSTACK: Final = """import rudderstack.analytics as analytics

analytics.write_key = "%KEY%"
analytics.dataPlaneUrl = "%HOST%\""""


PUSH_TAG: Final = """<script async
  src="%HOST%/push.js"
  data-key="%KEY%"
  data-worker="/patron-worker.js"></script>"""
PUSH_USER: Final = """<script async
  src="%HOST%/push.js"
  data-key="%KEY%"
  data-worker="/patron-worker.js"
  data-user="customer-1"
  data-user-hash="made by your server"></script>"""
PUSH_HASH: Final = """import hashlib, hmac

user_hash = hmac.new(PUSH_SECRET.encode(), b"customer-1", hashlib.sha256).hexdigest()"""
PUSH_WORKER: Final = """importScripts("%HOST%/push-worker.js");"""
PUSH_BUTTON: Final = """<button type="button" data-patron-push hidden>
  Tell me about new products
</button>"""
PUSH_APP: Final = """curl %HOST%/v1/push/subscribe \\
  --header 'Content-Type: application/json' \\
  --data '{
    "writeKey": "%KEY%",
    "anonymousId": "the id of this installation of the app",
    "userId": "customer-1",
    "userHash": "made by your server",
    "token": "the token that Firebase gave the app",
    "platform": "android"
  }'"""


@dataclass(frozen=True, slots=True)
class Snippet:
    """One text to copy.

    Attributes:
        name: unique on the page.
        title: what it is, and where it goes.
    """

    name: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class InstallGuide:
    """How one kind of site tells us of its visitors.

    Attributes:
        steps: what to do, in order.
        notes: what is good to know.
    """

    key: str
    label: str
    summary: str
    steps: tuple[str, ...]
    snippets: tuple[Snippet, ...]
    notes: tuple[str, ...] = ()


@functools.cache
def _read(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def build_guides(host: str, key: str) -> list[InstallGuide]:
    """Return the guides of every kind of site.

    Args:
        host: public address of this installation, without a slash at its end.
        key: a write key; empty shows where it belongs.
    """

    def fill(name: str, title: str, text: str) -> Snippet:
        return Snippet(name, title, text.replace("%HOST%", host).replace("%KEY%", key or "wk_…"))

    return [
        InstallGuide(
            "script",
            "Any site",
            "One tag on every page tells of pages, products, searches, the cart and the checkout.",
            (
                "Paste the tag into the head of every page.",
                (
                    "If visitors must agree first, take the second form: nothing is stored or sent "
                    "before your consent banner says so."
                ),
                "Tell what your pages know: who logs in, and what is put into the cart.",
            ),
            (
                fill("tag", "For the head of every page", TAG),
                fill("tag-consent", "The same, silent until visitors agree", TAG_WITH_CONSENT),
                fill("calls", "What your own script can tell", CALLS),
            ),
            (
                "It has under 6 KB, sets one cookie (patron_id) and asks nobody else.",
                "Browsers with Global Privacy Control count as not having agreed.",
                (
                    "If your site has a Content-Security-Policy, allow the address in script-src "
                    "and connect-src."
                ),
            ),
        ),
        InstallGuide(
            "shopify",
            "Shopify",
            "A custom pixel also sees the checkout, where a theme's script may not run.",
            (
                "In Shopify, open Settings, Customer events, and choose Add custom pixel.",
                "Name it Patron. Under Customer privacy choose what your shop's visitors agree to.",
                "Paste the code, save it, and press Connect.",
            ),
            (fill("pixel", "Custom pixel", _read("shopify_pixel.js")),),
            (
                "Shopify starts it only for visitors who agreed to what you chose.",
                "What the pixel tells of an order is no revenue; orders come by webhook.",
            ),
        ),
        InstallGuide(
            "woocommerce",
            "WooCommerce",
            "A plugin puts the tag on every page and tells of carts as your server knows them.",
            (
                "Save the code as wp-content/plugins/patron/patron.php.",
                "In WordPress, open Plugins and activate Patron for WooCommerce.",
                (
                    "Without access to files, paste it without its first line into functions.php "
                    "of your child theme."
                ),
            ),
            (fill("plugin", "patron.php", _read("woocommerce.php")),),
            (
                "With a plugin for the WP Consent API it waits until visitors agree to statistics.",
                "Carts are told of without making the page wait.",
            ),
        ),
        InstallGuide(
            "segment",
            "Segment, RudderStack",
            "Their client libraries work here as they are: change the host and the key.",
            ("Set the host and the write key as below.", "Everything else stays as it is."),
            (
                fill("next", "@segment/analytics-next, in the browser", SEGMENT_BROWSER),
                fill("node", "@segment/analytics-node", SEGMENT_NODE),
                fill("python", "segment-analytics-python", SEGMENT_PYTHON),
                fill(
                    "rudder-browser",
                    "@rudderstack/analytics-js, in the browser",
                    RUDDERSTACK_BROWSER,
                ),
                fill("rudder", "rudder-sdk-python", RUDDERSTACK),
            ),
            ("E-commerce names of Segment's specification are understood; others are kept.",),
        ),
        InstallGuide(
            "push",
            "Push messages",
            "A button asks visitors whether you may send push messages to their browser.",
            (
                "Connect Web push under Settings, Channels; its key pair is made for you.",
                "Save the worker as patron-worker.js at the root of your site.",
                "Paste the tag into the head of every page, and put the button where it fits.",
                (
                    "Where a customer is logged in, let your server add their id and its hash, so "
                    "that messages for them reach this browser."
                ),
                "Apps send the token of Firebase, once their user allowed push messages.",
            ),
            (
                fill("push-worker", "patron-worker.js, on your own address", PUSH_WORKER),
                fill("push-tag", "For the head of every page", PUSH_TAG),
                fill("push-user", "The tag where a customer is logged in", PUSH_USER),
                fill("push-hash", "The hash, made by your server (here in Python)", PUSH_HASH),
                fill("push-button", "The button; it shows where push can work", PUSH_BUTTON),
                fill("push-app", "From an app", PUSH_APP),
            ),
            (
                "Browsers ask for permission only after a press, and never again after a no.",
                "On an iPhone push works once the site was added to the home screen.",
                "Each yes is kept as consent, with page, time and browser as its proof.",
                (
                    "Without a valid hash a browser belongs to no customer, whatever id or address "
                    "it names, and gets no message meant for one."
                ),
            ),
        ),
        InstallGuide(
            "server",
            "Your own server",
            "One call for each thing that happens, from any language.",
            (
                "Call the address with the write key as user name and no password.",
                "Give each call a messageId, so that a repeat counts once.",
            ),
            (fill("curl", "A checkout that began", CURL),),
            (
                "200 means taken, 400 and 413 say what is wrong, 429 and 5xx are to be repeated.",
                "Up to 2,500 calls fit into one to /v1/batch.",
            ),
        ),
    ]
