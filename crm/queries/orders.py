"""The list of orders: searched, narrowed, sorted, page by page at the cost of one page."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from crm.choices import OrderChannel, OrderState
from crm.domain.identifiers import order_number_forms
from crm.models import ExchangeRate, Order, Store
from crm.queries.finding import MATCHES, find_people
from kernel import clock
from kernel.keyset import Place, Sorting, Statement, count_up_to, select_page
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from tenants.queries import get_tenant

CURRENCIES = 50
_SELECT = """
SELECT o.id, o.number, o.external_id, o.ordered_at, o.store_id, o.currency, o.gross_minor,
    o.base_gross_minor, o.refunded_minor, o.state, o.financial_status, o.fulfillment_status,
    o.has_bought_line, o.profile_id, o.email, o.country,
    o.channel, o.payment_method, o.payment_name,
    btrim(COALESCE(p.first_name, '') || ' ' || COALESCE(p.last_name, '')) AS name,
    COALESCE(p.email, '') AS profile_email
"""
_FROM = "FROM crm_order AS o"
_PERSON = "LEFT JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = o.profile_id"

SORTINGS = {
    "time": Sorting("o.ordered_at", "o.id", "ordered_at", is_time=True),
    "total": Sorting(
        "o.base_gross_minor",
        "o.id",
        "base_gross_minor",
        condition="o.base_gross_minor IS NOT NULL",
    ),
}
"""What orders sort by; each has an index that begins with the tenant."""


@dataclass(frozen=True, slots=True)
class WantedOrders:
    """Which orders, and in which order; an empty value does not narrow.

    Attributes:
        search: an order number, an address or part of a name.
        state: an `OrderState` word.
        channel: an `OrderChannel` word.
        payment: a `PaymentMethod` word.
        first_day, last_day: of the tenant's calendar, both included.
        low_minor, high_minor: bounds of the total in minor units of the tenant's currency.
        sort: a key of `SORTINGS`, with ``-`` before it for the largest first.
    """

    search: str = ""
    store_id: int | None = None
    state: str = ""
    channel: str = ""
    payment: str = ""
    first_day: date | None = None
    last_day: date | None = None
    is_refunded: bool = False
    is_nobodys: bool = False
    currency: str = ""
    low_minor: int | None = None
    high_minor: int | None = None
    sort: str = "-time"

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the order was chosen."""
        return self != WantedOrders(sort=self.sort)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One row of the list; money in minor units.

    Attributes:
        base_gross_minor: the total in the tenant's currency; None without an exchange rate.
        reason: why the order does not count; empty for one that does.
        item_count: pieces bought.
    """

    id: int
    number: str
    external_id: str
    ordered_at: datetime
    store: str
    currency: str
    gross_minor: int
    base_gross_minor: int | None
    refunded_minor: int
    state: str
    reason: str
    fulfillment_status: str
    profile_id: int | None
    name: str
    email: str
    country: str
    channel: str
    payment_method: str
    payment_name: str
    item_count: int

    @property
    def state_label(self) -> str:
        """Return the state for people."""
        return OrderState(self.state).label


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of orders; the marks lead to its neighbours."""

    rows: list[OrderRow]
    next: str | None
    previous: str | None


def list_orders(wanted: WantedOrders, place: Place) -> OrderPage:
    """Return a page of orders."""
    conditions, params = _conditions(wanted)
    found = select_page(
        Statement(f"{_SELECT} {_FROM} {_PERSON}", conditions, params),
        SORTINGS[wanted.sort.lstrip("-")],
        descending=wanted.sort.startswith("-"),
        place=place,
    )
    pieces = _count_pieces([row.id for row in found.rows])
    stores = dict(Store.objects.values_list("pk", "name"))
    rows = [_row(row, stores.get(row.store_id, ""), pieces.get(row.id, 0)) for row in found.rows]
    return OrderPage(rows, found.next, found.previous)


def count_orders(wanted: WantedOrders) -> int:
    """Return how many orders there are, at most the ceiling."""
    conditions, params = _conditions(wanted)
    return count_up_to(_FROM, conditions, params)


def list_stores() -> list[tuple[int, str]]:
    """Return id and name of the stores, by name."""
    return list(Store.objects.order_by("name").values_list("pk", "name"))


def list_currencies() -> list[str]:
    """Return the currencies that orders may be in: the tenant's, the stores', those with a rate."""
    rates = ExchangeRate.objects.order_by("currency").values_list("currency", flat=True).distinct()
    stores = Store.objects.values_list("currency", flat=True)
    own = get_tenant(current_tenant_id()).currency
    return sorted({own, *stores, *rates[:CURRENCIES]})


def why_not_counted(state: str, financial_status: str, *, has_bought_line: bool) -> str:
    """Say in words why an order counts in no figure; empty for one that counts."""
    match state:
        case OrderState.TEST:
            return "Test orders count nowhere"
        case OrderState.CANCELLED:
            return "Cancelled orders count nowhere"
        case OrderState.NOT_COUNTED if not has_bought_line:
            return "No line was bought"
        case OrderState.NOT_COUNTED:
            return f"The payment was {financial_status or 'voided'}"
        case _:
            return ""


def _row(row: Any, store: str, item_count: int) -> OrderRow:
    reason = why_not_counted(row.state, row.financial_status, has_bought_line=row.has_bought_line)
    return OrderRow(
        id=row.id,
        number=row.number or row.external_id,
        external_id=row.external_id,
        ordered_at=row.ordered_at,
        store=store,
        currency=row.currency,
        gross_minor=row.gross_minor,
        base_gross_minor=row.base_gross_minor,
        refunded_minor=row.refunded_minor,
        state=row.state,
        reason=reason,
        fulfillment_status=row.fulfillment_status,
        profile_id=row.profile_id,
        name=row.name,
        email=row.profile_email or row.email,
        country=row.country,
        channel=row.channel,
        payment_method=row.payment_method,
        payment_name=row.payment_name,
        item_count=item_count,
    )


def _count_pieces(order_ids: Collection[int]) -> dict[int, int]:
    if not order_ids:
        return {}
    rows = run_sql("crm.count_pieces", ids=list(order_ids))
    return {row.order_id: row.pieces for row in rows}


def _conditions(wanted: WantedOrders) -> tuple[list[str], dict[str, Any]]:
    """Return what the orders must fulfil, and the values it binds."""
    zone = get_tenant(current_tenant_id()).timezone
    first, last = wanted.first_day, wanted.last_day
    choices: list[tuple[str, Any, str]] = [
        ("o.store_id = %(store_id)s", wanted.store_id, "store_id"),
        ("o.state = %(state)s", wanted.state or None, "state"),
        ("o.channel = %(channel)s", wanted.channel or None, "channel"),
        ("o.payment_method = %(payment)s", wanted.payment or None, "payment"),
        (
            "o.ordered_at >= %(since)s",
            first and clock.start_of_day(first, zone),
            "since",
        ),
        ("o.ordered_at < %(until)s", last and clock.end_of_day(last, zone), "until"),
        ("o.refunded_minor > 0", wanted.is_refunded or None, ""),
        ("o.profile_id IS NULL", wanted.is_nobodys or None, ""),
        ("o.currency = %(currency)s", wanted.currency or None, "currency"),
        ("o.base_gross_minor >= %(low)s", wanted.low_minor, "low"),
        ("o.base_gross_minor <= %(high)s", wanted.high_minor, "high"),
    ]
    chosen = [item for item in choices if item[1] is not None]
    params = {name: value for _, value, name in chosen if name}
    parts = ["o.tenant_id = %(tenant_id)s", *(part for part, _, _ in chosen)]
    if wanted.state and wanted.state != OrderState.PAID:
        # A bound value does not prove to the planner that the small index holds all of them.
        parts.append("o.state <> 'paid'")
    if wanted.channel and wanted.channel != OrderChannel.ONLINE:
        parts.append("o.channel NOT IN ('', 'online')")
    if wanted.payment:
        parts.append("o.payment_method <> ''")
    if wanted.search:
        parts.append(
            "(o.id = ANY(%(found)s::bigint[]) OR o.profile_id = ANY(%(people)s::bigint[]))"
        )
        params |= {
            "found": _find_numbers(wanted.search),
            "people": find_people(wanted.search),
        }
    return parts, params


def _find_numbers(text: str) -> list[int]:
    found = Order.objects.filter(number__in=order_number_forms(text)).order_by("-pk")
    return list(found.values_list("pk", flat=True)[:MATCHES])
