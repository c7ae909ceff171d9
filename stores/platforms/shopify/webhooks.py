"""Telling Shopify where the webhooks of an app go, and to send none any more."""

from collections.abc import Mapping, Sequence
from typing import Final

from kernel.http import Client
from stores.errors import PullRefused
from stores.platforms.fields import child, children, text
from stores.platforms.shopify.admin import Denied, ask
from stores.platforms.shopify.graphql import SUBSCRIBE, SUBSCRIPTIONS, UNSUBSCRIBE
from stores.platforms.shopify.platform import TOPICS
from stores.platforms.shopify.tokens import CLIENT_SECRET
from stores.types import MissingTopic, StoreAccess

OF_THE_APP: Final = frozenset({"customers/data_request", "customers/redact", "shop/redact"})
"""Topics that an app names in its own configuration; no shop can be asked for them."""
REGISTERED: Final = sorted(set(TOPICS) - OF_THE_APP)


class ShopifyKeeper:
    """The platform as those see it who look after its webhooks."""

    topics = REGISTERED

    def is_wanted(self, credentials: Mapping[str, str]) -> bool:
        """Say yes: whatever lets Patron in is enough to try."""
        return True

    def signs_with(self, credentials: Mapping[str, str]) -> str:
        """Return what Shopify signs with when an app registered the webhook."""
        return credentials.get(CLIENT_SECRET, "")

    def register(self, access: StoreAccess, client: Client) -> str:
        missing = self.keep(access, client)
        told = f"{len(REGISTERED) - len(missing)} of {len(REGISTERED)} webhooks are registered."
        return " ".join([told, *(f"{each.topic}: {each.reason}." for each in missing)])

    def keep(self, access: StoreAccess, client: Client) -> Sequence[MissingTopic]:
        if not self.signs_with(access.credentials):
            raise PullRefused(
                "Enter the client secret of the app: Shopify signs its webhooks with it"
            )
        known = set(_list(access, client).values())
        lacking = [topic for topic in REGISTERED if spell(topic) not in known]
        reasons = {topic: _subscribe(access, client, topic) for topic in lacking}
        return [MissingTopic(topic, reason) for topic, reason in reasons.items() if reason]

    def unregister(self, access: StoreAccess, client: Client) -> int:
        found = _list(access, client)
        for gid in found:
            ask(access, client, UNSUBSCRIBE, {"id": gid})
        return len(found)


def spell(topic: str) -> str:
    """Return a topic as GraphQL words it: ``orders/create`` is ``ORDERS_CREATE``."""
    return topic.replace("/", "_").upper()


def _list(access: StoreAccess, client: Client) -> dict[str, str]:
    """Return the topics that are sent here, by the ids of their subscriptions."""
    found: dict[str, str] = {}
    after: str | None = None
    while True:
        reply = ask(access, client, SUBSCRIPTIONS, {"uri": access.webhook_url, "after": after})
        page = child(reply.data, "webhookSubscriptions")
        fresh = {text(each, "id"): text(each, "topic") for each in children(page, "nodes")}
        after = text(child(page, "pageInfo"), "endCursor")
        is_over = child(page, "pageInfo").get("hasNextPage") is not True
        if is_over or not after or fresh.keys() <= found.keys():
            return found | fresh
        found |= fresh


def _subscribe(access: StoreAccess, client: Client, topic: str) -> str:
    """Register one topic; returns why not, empty when it was done."""
    try:
        reply = ask(access, client, SUBSCRIBE, {"topic": spell(topic), "uri": access.webhook_url})
    except Denied as exc:
        return str(exc)
    payload = child(reply.data, "webhookSubscriptionCreate")
    if text(child(payload, "webhookSubscription"), "id"):
        return ""
    said = [text(error, "message") for error in children(payload, "userErrors")]
    return "; ".join(filter(None, said)) or "Shopify gives no reason"
