"""Values of the variables that this app knows, each for a whole batch of messages."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any

from django.db.models import Count, Max, Q

from crm.choices import ShipmentState
from crm.models import Order, OrderLine, Store
from kernel import clock
from kernel.formats import find_zone
from messaging.queries.brand import look_of_brand
from messaging.queries.own import own_tenant
from messaging.types import PendingMessage

_COMES = ~Q(shipments__state__in=(ShipmentState.CANCELLED, ShipmentState.RETURNED))
_PROMISED = {
    "promised_at": Max("shipments__promised_at", filter=_COMES),
    "undated": Count("shipments", filter=_COMES & Q(shipments__promised_at=None)),
}


def person_values(messages: Sequence[PendingMessage]) -> dict[int, dict[str, str]]:
    """``person``: first_name, last_name, name, email, city, country; empty where not known."""
    return {
        message.id: {
            "first_name": message.profile.first_name,
            "last_name": message.profile.last_name,
            "name": f"{message.profile.first_name} {message.profile.last_name}".strip(),
            "email": message.profile.email,
            "city": message.profile.city,
            "country": message.profile.country,
        }
        for message in messages
    }


def event_values(messages: Sequence[PendingMessage]) -> dict[int, Any]:
    """``event``: what the flow handed over of the event that started it, where it did."""
    return {
        message.id: message.context["event"] for message in messages if "event" in message.context
    }


def store_values(messages: Sequence[PendingMessage]) -> dict[int, dict[str, str]]:
    """``store``: the merchant's name, and the address of the order's store or of the first one."""
    name = own_tenant().name
    stores = list(Store.objects.exclude(url="").order_by("pk"))
    first = stores[0].url if stores else ""
    by_store = {store.pk: store.url for store in stores}
    order_stores = dict(
        Order.objects.filter(pk__in=_order_ids(messages)).values_list("pk", "store_id")
    )
    said = {  # one for all messages of a store: what is written to everybody knows it by identity
        store_id: {"name": name, "url": _web(url)}
        for store_id, url in {**by_store, 0: first}.items()
    }
    return {
        message.id: said.get(order_stores.get(message.order_id, 0), said[0]) for message in messages
    }


def brand_values(messages: Sequence[PendingMessage]) -> dict[int, dict[str, Any]]:
    """``brand``: name, colours, logo, addresses and links, as `BrandLook` says."""
    look = asdict(look_of_brand())
    return {message.id: look for message in messages}


def order_values(messages: Sequence[PendingMessage]) -> dict[int, dict[str, Any]]:
    """``order``: number, times in the tenant's zone, money in minor units, lines, place."""
    named = Order.objects.filter(pk__in=_order_ids(messages))
    orders = list(named.annotate(**_PROMISED))
    zone, now = find_zone(own_tenant().timezone), clock.now()
    lines: dict[int, list[dict[str, Any]]] = {order.pk: [] for order in orders}
    bought = OrderLine.objects.filter(order_id__in=lines).select_related("product")
    for line in bought.order_by("position", "pk"):
        product = line.product
        lines[line.order_id].append(
            {
                "title": line.title or line.sku,
                "sku": line.sku,
                "url": product.url if product else "",
                "image_url": product.image_url if product else "",
                "category": line.category,
                "flags": product.flags if product else [],
                "quantity": line.quantity,
                "unit_price_minor": line.unit_price_minor,
                "total_minor": line.total_minor,
            }
        )
    by_id = {
        order.pk: {
            "number": order.number or order.external_id,
            "ordered_at": order.ordered_at.astimezone(zone),
            "promised_at": _find_promise(order, zone, now),
            "currency": order.currency,
            "subtotal_minor": order.subtotal_minor,
            "discount_minor": order.discount_minor,
            "shipping_minor": order.shipping_minor,
            "tax_minor": order.tax_minor,
            "total_minor": order.gross_minor,
            "city": order.city,
            "country": order.country,
            "lines": lines[order.pk],
        }
        for order in orders
    }
    return {
        message.id: by_id[message.order_id] for message in messages if message.order_id in by_id
    }


def _order_ids(messages: Sequence[PendingMessage]) -> set[int]:
    return {message.order_id for message in messages} - {0}


def _web(url: str) -> str:
    """Return a store's address with its scheme; stores often name only their host."""
    return url if not url or url.startswith(("https://", "http://")) else f"https://{url}"


def _find_promise(order: Any, zone: tzinfo, now: datetime) -> datetime | None:
    """Return by when each parcel comes; None where one has no date, or the last has passed."""
    if order.promised_at is None or order.undated or order.promised_at <= now:
        return None
    found: datetime = order.promised_at.astimezone(zone)
    return found
