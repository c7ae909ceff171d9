"""What a message of a flow carries along: the event it answers, and what its gates must know."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from flows.domain.graph import AUTO, CART_TRIGGERS, HOLD, ITEMS, USUAL_PRIORITY, Message
from flows.domain.items import Item, items_of
from flows.domain.starts import PRICE_FELL, STOCK_CAME, STOCK_FELL
from flows.queries import people
from flows.queries.goods import Named, find_products
from kernel.formats import find_zone
from kernel.tenancy import current_tenant_id
from tenants.queries import get_tenant

ORDER_EVENTS: Final = frozenset({"Order Placed", "Order Updated", "Order Cancelled"})
OF_GOODS: Final = CART_TRIGGERS | {PRICE_FELL, STOCK_FELL, STOCK_CAME}
"""Events whose items are what a message promotes."""
PROMISED: Final = "promised_at"
Cause = tuple[int | None, Mapping[str, Any], Sequence[Message]]
"""The trigger event of a run, what the run keeps of it, and the nodes that may send."""


@dataclass(slots=True)
class Contexts:
    """What the trigger events of a batch say.

    Attributes:
        properties: of each event.
        products: ids of Patron of the items that carry no SKU, by event and id at the store.
    """

    properties: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    products: Mapping[Named, int] = field(default_factory=dict)

    def write(
        self, event_id: int | None, trigger: Mapping[str, Any], node: Message
    ) -> dict[str, Any]:
        """Return the context of one message."""
        said = self.properties.get(event_id or 0, {})
        name = trigger.get("event", "")
        context: dict[str, Any] = {
            "event": {
                **({"title": said["name"]} if "name" in said else {}),
                **said,
                "name": name,
                "id": event_id,
                "occurred_at": trigger.get("occurred_at"),
            }
        }
        order_id = trigger.get("object_id") if name in ORDER_EVENTS else said.get("order_id")
        if order_id is not None:
            context["order_id"] = order_id
        if node.max_lateness is not None:
            context["max_lateness_minutes"] = int(node.max_lateness.total_seconds() // 60)
        return {**context, **_wishes(node), **self._goods(event_id or 0, name, said, node)}

    def _goods(
        self, event_id: int, name: str, said: Mapping[str, Any], node: Message
    ) -> dict[str, Any]:
        """Return what the message promotes, for the gate that looks whether it is in stock."""
        if not promotes_items(node, name):
            return {}
        items = items_of(said)
        skus = dict.fromkeys(item.sku for item in items if item.sku)
        found = (self.products.get((event_id, item.product)) for item in items if not item.sku)
        products = dict.fromkeys(each for each in found if each is not None)
        goods = {"skus": list(skus), "product_ids": list(products)}
        return {key: each for key, each in goods.items() if each}


def load_contexts(causes: Iterable[Cause]) -> Contexts:
    """Read the events of a batch: one statement, and two more where items carry no SKU."""
    wanted = [
        (event_id, at, trigger.get("event", ""), nodes)
        for event_id, trigger, nodes in causes
        if event_id and nodes and (at := people.trigger_time(trigger))
    ]
    properties = _localize(people.properties_of({(event_id, at) for event_id, at, _, _ in wanted}))
    nameless = {
        (event_id, at): named
        for event_id, at, name, nodes in wanted
        if any(promotes_items(node, name) for node in nodes)
        and (named := _without_sku(items_of(properties.get(event_id, {}))))
    }
    return Contexts(properties, find_products(nameless) if nameless else {})


def _localize(properties: Mapping[int, dict[str, Any]]) -> Mapping[int, dict[str, Any]]:
    """Say promised times in the shop's zone, so that a message names the day that was meant."""
    promised = {key: at for key, said in properties.items() if (at := _promised(said))}
    if not promised:
        return properties
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    local = {
        key: {**properties[key], PROMISED: at.astimezone(zone).isoformat()}
        for key, at in promised.items()
    }
    return {**properties, **local}


def _promised(said: Mapping[str, Any]) -> datetime | None:
    """Return until when something was promised; None for what names no moment of the world."""
    try:
        found = datetime.fromisoformat(str(said.get(PROMISED, "")))
    except ValueError:
        return None
    return found if found.tzinfo else None


def promotes_items(node: Message, event: str) -> bool:
    """Say whether the items of the trigger event are what a message promotes."""
    return node.about == ITEMS or (node.about == AUTO and event in OF_GOODS)


def _without_sku(items: Sequence[Item]) -> list[str]:
    return [item.product for item in items if not item.sku and item.product]


def _wishes(node: Message) -> dict[str, Any]:
    """Return what the merchant chose for the gates; what is usual is left out."""
    wishes: dict[str, Any] = {}
    if node.priority != USUAL_PRIORITY:
        wishes["priority"] = node.priority
    if node.expected_value is not None:
        wishes["expected_value"] = node.expected_value
    if node.on_quiet != HOLD:
        wishes["on_quiet"] = node.on_quiet
    if node.coupon_id is not None:
        wishes["coupon"] = node.coupon_id
    return wishes
