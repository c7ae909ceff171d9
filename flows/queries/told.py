"""What events say, with the names of what they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm.models import Cart
from flows.domain.triggers import name_properties
from flows.domain.values import CART, ORDER_PLACED


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it was written; ``object_id`` is what it is about."""

    name: str
    object_id: int | None
    properties: Mapping[str, Any]


def name_told(told: Sequence[Told], *, with_carts: bool = False) -> list[Mapping[str, Any]]:
    """Return the properties of events with the ids of what they are about, in their order.

    Args:
        told: the events.
        with_carts: orders say also of which cart they were made, by the name that Cart Abandoned
            gives it; one statement for all of them.
    """
    named = [name_properties(each.name, each.object_id, each.properties) for each in told]
    wanted = [
        each.object_id
        for each in told
        if with_carts
        and each.name == ORDER_PLACED
        and each.object_id
        and CART not in each.properties
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
