"""Events of Adobe Commerce: subscribed to in the shop, and registered with Adobe to be sent here.

Both are done only where a merchant entered what the Adobe Developer Console shows; Magento Open
Source sends nothing. What the shop emits stays when a store is cut off: others may read it too.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kernel.http import Client
from stores.errors import PullRefused
from stores.platforms.fields import Json, children, text
from stores.platforms.magento import adobe
from stores.platforms.magento.api import Api, NotThere, NotUnderstood
from stores.platforms.magento.events import TOPICS
from stores.types import MissingTopic, StoreAccess

SUBSCRIPTIONS: Final = "eventing/getEventSubscriptions"
SUBSCRIBE: Final = "eventing/eventSubscribe"
NO_EVENTS: Final = (
    "The shop sends no events: only Adobe Commerce does, with its module for Adobe I/O Events"
)
FIELDS: Final = {
    "observer.sales_order_save_commit_after": "entity_id",
    "observer.sales_order_creditmemo_save_after": "order_id",
    "observer.sales_order_shipment_save_after": "order_id",
    "observer.customer_save_commit_after": "entity_id",
    "observer.catalog_product_save_commit_after": "entity_id",
    "observer.catalog_product_delete_commit_after": "entity_id",
}
"""What an event has to carry: the id of what it is about, and nothing else."""


class MagentoKeeper:
    """The platform as those see it who look after its webhooks."""

    topics = TOPICS

    def is_wanted(self, credentials: Mapping[str, str]) -> bool:
        """Say whether a workspace was entered."""
        return adobe.is_given(credentials)

    def signs_with(self, credentials: Mapping[str, str]) -> str:
        """Return the client ID that the events of the workspace are meant for."""
        return credentials.get(adobe.CLIENT_ID, "")

    def register(self, access: StoreAccess, client: Client) -> str:
        missing = self.keep(access, client)
        told = f"{len(TOPICS) - len(missing)} of {len(TOPICS)} events are registered."
        return " ".join([told, *(f"{each.topic}: {each.reason}." for each in missing)])

    def keep(self, access: StoreAccess, client: Client) -> Sequence[MissingTopic]:
        workspace = adobe.read_workspace(access.credentials)
        missing = _subscribe(Api(access, client))
        refused = {each.topic for each in missing}
        events = adobe.Events(workspace, client)
        events.keep(access.webhook_url, [each for each in TOPICS if each not in refused])
        return missing

    def unregister(self, access: StoreAccess, client: Client) -> int:
        if not adobe.is_given(access.credentials):
            return 0
        workspace = adobe.read_workspace(access.credentials)
        return adobe.Events(workspace, client).remove(access.webhook_url)


def _subscribe(api: Api) -> list[MissingTopic]:
    """Have the shop emit every event; returns those that it does not."""
    try:
        known = {text(each, "name").removeprefix(adobe.PREFIX) for each in _list(api)}
    except NotThere as exc:
        raise PullRefused(NO_EVENTS) from exc
    missing: list[MissingTopic] = []
    for topic in (each for each in TOPICS if each not in known):
        event = {"name": topic, "fields": [{"name": FIELDS[topic]}], "priority": True}
        try:
            api.send("POST", SUBSCRIBE, {"event": event})
        except NotUnderstood as exc:
            missing.append(MissingTopic(topic, str(exc)))
    return missing


def _list(api: Api) -> list[Json]:
    found: Any = api.get(SUBSCRIPTIONS)
    return children({"list": found}, "list")
