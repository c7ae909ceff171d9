"""What a merchant is told of each platform that can be connected; all of it is true today."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stores.platforms.bigcommerce.naming import SCOPES as BIGCOMMERCE_SCOPES
from stores.platforms.custom.platform import TOPICS as CUSTOM_TOPICS
from stores.platforms.magento import adobe
from stores.platforms.magento.events import TOPICS as MAGENTO_TOPICS
from stores.platforms.shopify.platform import TOPICS as SHOPIFY_TOPICS
from stores.platforms.tools.guides import TOOL_GUIDES
from stores.platforms.woocommerce.platform import TOPICS as WOOCOMMERCE_TOPICS


@dataclass(frozen=True, slots=True)
class Credential:
    """One part of what a platform's API wants to see."""

    name: str
    label: str
    help: str
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Guide:
    """How one platform is connected.

    Attributes:
        brings: what arrives by itself, and from when on.
        lacks: what does not, and what to do about it.
        signing_help: where the signing secret is found, or what becomes of an empty one.
        address_help: where the webhook address is entered.
        topics: what to choose there.
        url_help: which address of the shop is meant; empty where any will do.
        credentials: of its API, where it can be asked for what it knows.
        makes_webhooks: whether its webhooks are made from here, once there are credentials.
        needs_secret: whether the shop has a signing secret already, so that none can be made.
        example: something to copy and try; empty for none.
    """

    platform: str
    label: str
    brings: str
    lacks: str
    signing_help: str
    address_help: str
    topics: Sequence[str]
    url_help: str = ""
    credentials: Sequence[Credential] = ()
    makes_webhooks: bool = False
    needs_secret: bool = False
    example: str = ""


_EXAMPLE: Final = """import base64, hashlib, hmac, json, time, urllib.request

ADDRESS = "{address}"
SECRET = "{secret}"

body = json.dumps({{
    "type": "order.upserted",
    "timestamp": "2026-05-04T10:00:05Z",
    "data": {{
        "external_id": "1001",
        "ordered_at": "2026-05-04T10:00:00Z",
        "currency": "{currency}",
        "total": "24.90",
        "shipping": "4.90",
        "profile": {{"external_id": "c-7", "email": "ada@example.com", "first_name": "Ada"}},
        "lines": [{{"sku": "SOAP", "title": "Soap", "quantity": 2, "unit_price": "10.00"}}],
    }},
}}).encode()
name, at = "order-1001-v1", str(int(time.time()))
key = base64.b64decode(SECRET.removeprefix("whsec_"))
digest = hmac.new(key, f"{{name}}.{{at}}.".encode() + body, hashlib.sha256).digest()
request = urllib.request.Request(ADDRESS, body, {{
    "content-type": "application/json",
    "webhook-id": name,
    "webhook-timestamp": at,
    "webhook-signature": "v1," + base64.b64encode(digest).decode(),
}})
print(urllib.request.urlopen(request).status)
"""

GUIDES: Final = {
    guide.platform: guide
    for guide in (
        Guide(
            platform="shopify",
            label="Shopify",
            brings="Orders with refunds, parcels and returns, customers with consent, and products "
            "with stock, as they change from now on. With an app of your shop also what happened "
            "before, fetched when you say so; that starts no flow.",
            lacks="Carts are not read. Without the scope read_all_orders Shopify keeps back "
            "orders older than 60 days.",
            signing_help="Shopify shows it under Settings, Notifications, Webhooks. "
            "Leave it empty and one is made for you.",
            address_help="In Shopify under Settings, Notifications, Webhooks: one webhook for each "
            "topic, format JSON. With the client secret of an app they are registered for you.",
            topics=sorted(SHOPIFY_TOPICS),
            url_help="The one that ends in .myshopify.com; needed to fetch what happened before.",
            credentials=(
                Credential(
                    name="client_id",
                    label="Client ID",
                    help="Of an app that you make in Shopify's Dev Dashboard and install on this "
                    "shop, with the scopes read_orders, read_all_orders, read_customers, "
                    "read_products, read_inventory, read_fulfillments and read_returns. It stands "
                    "under the app's Settings.",
                    is_optional=True,
                ),
                Credential(
                    name="client_secret",
                    label="Client secret",
                    help="It stands beside the client ID. With it the webhooks are registered by "
                    "themselves, and nothing need be entered in the shop.",
                    is_optional=True,
                ),
                Credential(
                    name="access_token",
                    label="Access token",
                    help="Instead of both, for an app that was made in the shop's admin before "
                    "2026. It begins with shpat_.",
                    is_optional=True,
                ),
            ),
        ),
        Guide(
            platform="woocommerce",
            label="WooCommerce",
            brings="Orders with their refunds, customers, and products with stock, as they change "
            "from now on. With a key of its REST API also what happened before, fetched when you "
            "say so; that starts no flow.",
            lacks="WooCommerce has no webhook for carts, repeats nothing that it could not "
            "deliver, and says nothing of an order that is deleted for good.",
            signing_help="Leave it empty and one is made for you. If a webhook exists already, "
            "copy its Secret.",
            address_help="In WooCommerce under Settings, Advanced, Webhooks: add one webhook for "
            "each topic, status Active, this Delivery URL, API version WP REST API v3. With a key "
            "that may write they are registered for you.",
            topics=sorted(WOOCOMMERCE_TOPICS),
            credentials=(
                Credential(
                    name="consumer_key",
                    label="Consumer key",
                    help="In WooCommerce under Settings, Advanced, REST API: add a key with the "
                    "permission Read/Write; with Read alone you add the webhooks yourself, and "
                    "nothing is written to the shop. It begins with ck_.",
                ),
                Credential(
                    name="consumer_secret",
                    label="Consumer secret",
                    help="WooCommerce shows it once, beside the key. It begins with cs_.",
                ),
            ),
        ),
        Guide(
            platform="bigcommerce",
            label="BigCommerce",
            brings="Orders with their refunds and parcels, customers, products with stock, "
            "newsletter sign-ups and checkouts that were started, as they change from now on; also "
            "what happened before, fetched when you say so. That starts no flow.",
            lacks="BigCommerce tells no arrival of parcels, and not who a deleted subscriber was; "
            "somebody who unsubscribes is told of. Renaming a category shows with the next change "
            "of its products.",
            signing_help="The client secret of the API account. BigCommerce signs with it.",
            address_help="Made for you in BigCommerce, one for each topic.",
            topics=BIGCOMMERCE_SCOPES,
            credentials=(
                Credential(
                    name="api_path",
                    label="API path",
                    help="In BigCommerce under Settings, Store-level API accounts: create an "
                    "account, read-only for Orders, Customers, Products, Checkouts and "
                    "Information & settings. It shows the path, such as "
                    "https://api.bigcommerce.com/stores/abc123/v3/.",
                ),
                Credential(
                    name="access_token",
                    label="Access token",
                    help="BigCommerce shows it once, with the client secret.",
                ),
            ),
            makes_webhooks=True,
            needs_secret=True,
        ),
        Guide(
            platform="magento",
            label="Magento",
            brings="Orders with their credit memos and parcels, customers and products with stock: "
            "everything once, when you say so, which starts no flow; then every hour what changed. "
            "Adobe Commerce can send events besides, so that changes arrive at once.",
            lacks="Magento Open Source sends nothing by itself: changes arrive within the hour. "
            "Carts are not read. Who reads the newsletter is not read, since Magento does not tell "
            "who left; import consent as a file. A variant shows with its product.",
            signing_help="For events of Adobe Commerce that you register by hand: the client ID "
            "of your project in the Adobe Developer Console. Leave it empty otherwise.",
            address_help="Adobe Commerce alone: in the Developer Console, as the webhook of an "
            "event registration; with the workspace and its OAuth credential it is registered for "
            "you. Magento Open Source needs no address.",
            topics=MAGENTO_TOPICS,
            credentials=(
                Credential(
                    name="access_token",
                    label="Access token",
                    help="In Magento under System, Integrations: add one with the resources Sales, "
                    "Customers, Catalog and Stores, and activate it. It shows four values.",
                ),
                Credential(
                    name="access_token_secret",
                    label="Access token secret",
                    help="Needed, with the next two, unless your Magento takes an access token "
                    "alone.",
                    is_optional=True,
                ),
                Credential(
                    name="consumer_key",
                    label="Consumer key",
                    help="The first of the four values.",
                    is_optional=True,
                ),
                Credential(
                    name="consumer_secret",
                    label="Consumer secret",
                    help="The second of the four values.",
                    is_optional=True,
                ),
                Credential(
                    name="website",
                    label="Website code",
                    help="Such as base, where this store stands for one website of several. Empty "
                    "is all of them.",
                    is_optional=True,
                ),
                Credential(
                    name=adobe.WORKSPACE,
                    label="Adobe workspace",
                    help="Adobe Commerce alone, so that its events are registered for you: open "
                    "the workspace of your project in the Adobe Developer Console, with the I/O "
                    "Management API added, and copy its address. The integration needs the "
                    "resource Events Subscriptions besides.",
                    is_optional=True,
                ),
                Credential(
                    name=adobe.CLIENT_ID,
                    label="Adobe client ID",
                    help="Of the workspace's OAuth Server-to-Server credential.",
                    is_optional=True,
                ),
                Credential(
                    name=adobe.CLIENT_SECRET,
                    label="Adobe client secret",
                    help="It stands beside the client ID.",
                    is_optional=True,
                ),
                Credential(
                    name=adobe.PROVIDER,
                    label="Event provider",
                    help="Its ID, needed where your organization has several shops with events.",
                    is_optional=True,
                ),
            ),
        ),
        Guide(
            platform="custom",
            label="Your own shop",
            brings="Whatever your shop posts: customers, orders, refunds, products, parcels, "
            "returns, reviews and tickets, in the JSON that the REST API takes, one at a time.",
            lacks="Nothing is fetched from your shop. Send history through the REST API in bulk, "
            "marked as backfill, or import it as a file.",
            signing_help="Leave it empty and one is made for you. It begins with whsec_.",
            address_help="Your shop posts to this address. Anything but a 200 means: post the same "
            "again later, with the same webhook-id.",
            topics=CUSTOM_TOPICS,
            example=_EXAMPLE,
        ),
    )
}
"""By platform, in the order in which they are offered."""


def name_platform(platform: str) -> str:
    """Return what people call a platform."""
    guide = GUIDES.get(platform) or TOOL_GUIDES.get(platform)
    return guide.label if guide else platform.capitalize()
