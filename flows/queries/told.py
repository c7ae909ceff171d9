"""What events say, with the names of what they are about."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from crm.models import Cart, OrderLine
from flows.domain.triggers import name_properties
from flows.domain.values import CART, ORDER_PLACED, EventMatch


class Told(NamedTuple):
    """An event as it was written; ``object_id`` is what it is about."""

    name: str
    object_id: int | None
    properties: Mapping[str, Any]


def name_told(told: Sequence[Told], asked: Iterable[EventMatch] = ()) -> list[Mapping[str, Any]]:
    """Return the properties of events with the ids of what they are about, in their order.

    Args:
        told: the events.
        asked: what the events are compared with. Where it asks for the cart of an order, orders
            say it by the name that Cart Abandoned gives it; where it asks what was bought, they say
            that (`flows.domain.values.BOUGHT`). One statement each for all of them.
    """
    named = [name_properties(each.name, each.object_id, each.properties) for each in told]
    matches = list(asked)
    if any(match.asks_for_goods for match in matches):
        named = _name_goods(told, named)
    if any(match.asks_for_cart for match in matches):
        named = _name_carts(told, named)
    return named


def _name_carts(told: Sequence[Told], named: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    wanted = [
        each.object_id
        for each in told
        if each.name == ORDER_PLACED and each.object_id and CART not in each.properties
    ]
    if not wanted:
        return named
    rows = Cart.objects.filter(order_id__in=set(wanted)).order_by("started_at", "pk")
    carts = {order_id: str(pk) for order_id, pk in rows.values_list("order_id", "pk")}
    return [
        {CART: carts[each.object_id], **properties}
        if each.name == ORDER_PLACED and each.object_id in carts
        else properties
        for each, properties in zip(told, named, strict=True)
    ]


def _name_goods(told: Sequence[Told], named: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    orders = {each.object_id for each in told if each.name == ORDER_PLACED and each.object_id}
    if not orders:
        return named
    bought: dict[int, dict[str, list[str]]] = {
        order_id: {"product_ids": [], "variant_ids": [], "skus": []} for order_id in orders
    }
    lines = OrderLine.objects.filter(order_id__in=orders).order_by("order_id", "position", "pk")
    columns = ("product__external_id", "variant__external_id", "sku")
    for order_id, *said in lines.values_list("order_id", *columns):
        for words, word in zip(bought[order_id].values(), said, strict=True):
            if word and word not in words:
                words.append(word)
    return [
        {**bought[each.object_id], **properties}
        if each.name == ORDER_PLACED and each.object_id in bought
        else properties
        for each, properties in zip(told, named, strict=True)
    ]
