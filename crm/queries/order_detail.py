"""One order as its page shows it: documents, sums, time line, and who bought."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db.models import Prefetch

from crm.choices import ShipmentState
from crm.models import Event, Order, OrderLine, ProfileFacts, Refund, Shipment
from crm.queries.orders import why_not_counted
from crm.queries.touches import TouchWords, touch_of_order, touches_of_person
from crm.queries.words import ORDER_EVENTS
from kernel.formats import format_country, format_money

EVENTS = 200
"""Most events of one order that a page looks at."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of an order's time line."""

    at: datetime
    symbol: str
    title: str
    text: str = ""
    tone: str = "neutral"


@dataclass(frozen=True, slots=True)
class Parcel:
    """A shipment; ``url`` is empty unless it leads to a web page."""

    shipment: Shipment
    url: str

    @property
    def is_late(self) -> bool:
        """Whether it is late and still on its way."""
        parcel = self.shipment
        is_over = parcel.state in (ShipmentState.CANCELLED, ShipmentState.RETURNED)
        return parcel.delayed_at is not None and parcel.delivered_at is None and not is_over


@dataclass(frozen=True, slots=True)
class PaidBack:
    """A refund; ``pieces`` says what was taken back, such as "2 × Soap", where the store told."""

    refund: Refund
    pieces: list[str]


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """An order with everything its page shows.

    Attributes:
        reason: why it counts in no figure; empty for one that counts.
        rest_minor: what the parts named by the store leave unexplained, such as rounding.
        kept_minor: the total minus refunds, in the order's currency.
        touch: what led to the order, where the store told it.
        touches: first and last visit of the person, where known.
        facts: of the person; None without one or before they were counted.
    """

    order: Order
    lines: list[OrderLine]
    refunds: list[PaidBack]
    parcels: list[Parcel]
    reason: str
    rest_minor: int
    kept_minor: int
    moments: list[Moment]
    touch: TouchWords | None
    touches: list[TouchWords]
    facts: ProfileFacts | None
    place: str


def find_order(order_id: int) -> Order | None:
    """Return an order of the tenant, or None."""
    return Order.objects.filter(pk=order_id).first()


def find_order_detail(order_id: int) -> OrderDetail | None:
    """Return an order with lines, refunds, parcels and person; None when there is none."""
    loaded = Order.objects.select_related("store", "profile").prefetch_related(
        Prefetch("lines", OrderLine.objects.order_by("position", "pk")),
        Prefetch("refunds", Refund.objects.order_by("refunded_at", "pk")),
        Prefetch("shipments", Shipment.objects.order_by("pk")),
    )
    order = loaded.filter(pk=order_id).first()
    if order is None:
        return None
    lines, refunds = list(order.lines.all()), list(order.refunds.all())
    shipments = list(order.shipments.all())
    facts = ProfileFacts.objects.filter(profile_id=order.profile_id or 0).first()
    reason = why_not_counted(
        order.state, order.financial_status, has_bought_line=order.has_bought_line
    )
    country = format_country(order.country) if order.country else ""
    return OrderDetail(
        order=order,
        lines=lines,
        refunds=[PaidBack(refund, _pieces(refund, lines)) for refund in refunds],
        parcels=[Parcel(shipment, web_address(shipment.tracking_url)) for shipment in shipments],
        reason=reason,
        rest_minor=_rest(order, lines),
        kept_minor=order.gross_minor - order.refunded_minor,
        moments=_moments(order, refunds, shipments),
        touch=touch_of_order(order),
        touches=touches_of_person(facts),
        facts=facts,
        place=", ".join(filter(None, [order.city, country])),
    )


def _pieces(refund: Refund, lines: list[OrderLine]) -> list[str]:
    """Name what a refund takes back: its lines carry a name, or the key of a line of the order."""
    names = {line.line_key: line.title or line.sku for line in lines}
    return [
        f"{line.get('quantity') or 1} × "
        + (
            line.get("title")
            or line.get("sku")
            or names.get(str(line.get("line_key", "")))
            or "an item without a name"
        )
        for line in refund.lines
    ]


def list_event_ids(order: Order) -> list[int]:
    """Return the ids of the events that an order set off for its person, newest first."""
    return [event.pk for event in _events(order)]


def web_address(url: str) -> str:
    """Return an address when it leads to a web page; empty for any other, such as a script."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in ("http", "https") and parts.netloc else ""


def _rest(order: Order, lines: list[OrderLine]) -> int:
    """Return the total minus its parts; tax may stand inside the prices or beside them."""
    goods = sum(line.total_minor for line in lines) if lines else order.subtotal_minor
    parts = goods + order.shipping_minor
    rest = order.gross_minor - parts
    return 0 if rest in (0, order.tax_minor, -order.discount_minor) else rest


def _events(order: Order) -> list[Event]:
    if order.profile_id is None:
        return []
    about = [order.pk, *Refund.objects.filter(order_id=order.pk).values_list("pk", flat=True)]
    about += Shipment.objects.filter(order_id=order.pk).values_list("pk", flat=True)
    events = Event.objects.filter(
        profile_id=order.profile_id, name__in=ORDER_EVENTS, object_id__in=about
    )
    return [
        event
        for event in events.order_by("-occurred_at", "-pk")[:EVENTS]
        if _is_about(event, order)
    ]


def _is_about(event: Event, order: Order) -> bool:
    """Say whether an event is of this order: ids of orders, refunds and parcels overlap."""
    if event.name in ("Order Placed", "Order Updated", "Order Cancelled"):
        return event.object_id == order.pk
    return event.properties.get("number") in (order.number, order.external_id)


def _moments(order: Order, refunds: list[Refund], shipments: list[Shipment]) -> list[Moment]:
    total = format_money(order.gross_minor, order.currency)
    moments = [Moment(order.ordered_at, "order", "Placed", total, "good")]
    if order.cancelled_at is not None:
        moments.append(Moment(order.cancelled_at, "x", "Cancelled", "", "bad"))
    for refund in refunds:
        amount = format_money(refund.amount_minor, refund.currency)
        text = " · ".join(filter(None, [amount, refund.note]))
        moments.append(Moment(refund.refunded_at, "return", "Refunded", text, "bad"))
    for shipment in shipments:
        parcel = " ".join(filter(None, [shipment.carrier, shipment.tracking_number]))
        if shipment.shipped_at is not None:
            moments.append(Moment(shipment.shipped_at, "truck", "Shipped", parcel))
        if shipment.delivered_at is not None:
            moments.append(Moment(shipment.delivered_at, "good", "Delivered", parcel, "good"))
        if shipment.delayed_at is not None:
            moments.append(Moment(shipment.delayed_at, "clock", "Found to be late", parcel, "bad"))
    moments += [
        Moment(event.occurred_at, "edit", "Changed in the store")
        for event in _events(order)
        if event.name == "Order Updated"
    ]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)
