"""The list of orders, its export, and the page of one order."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from crm.choices import OrderChannel, OrderState, PaymentMethod
from crm.panels import label_of, list_order_parts
from crm.queries import orders as reads
from crm.queries.care import care_of_order
from crm.queries.order_detail import find_order_detail
from crm.queries.orders import SORTINGS, OrderRow, WantedOrders
from crm.queries.person import has_orders
from crm.queries.sources import list_connected
from kernel import asked, clock
from kernel.asked import AskedPeriod, Chip
from kernel.csvs import BATCH
from kernel.formats import find_zone, format_money
from kernel.fragments import answer_list
from kernel.keyset import Place, speak_count
from kernel.money import MoneyError, to_minor, to_text
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.services.exporting import export_list
from tenants.types import TenantRequest

_ORDERS = (
    ("-time", "Newest first"),
    ("time", "Oldest first"),
    ("-total", "Largest total first"),
    ("total", "Smallest total first"),
)
_HEADINGS = (
    "id",
    "number",
    "ordered_at",
    "store",
    "status",
    "why_not_counted",
    "shipment",
    "profile_id",
    "name",
    "email",
    "country",
    "channel",
    "payment_method",
    "payment_name",
    "items",
    "total",
    "refunded",
    "currency",
    "total_in_own_currency",
    "own_currency",
)


@requires(capabilities.VIEW)
@require_GET
def order_list(request: TenantRequest) -> HttpResponse:
    """Show the orders; an htmx request gets the table alone."""
    wanted, period = _read_wanted(request)
    page = reads.list_orders(wanted, asked.read_place(request))
    total = reads.count_orders(wanted) if page.rows else 0
    context: dict[str, Any] = {
        "wanted": wanted,
        "page": page,
        "shown": speak_count(len(page.rows), total, "orders"),
        "chips": _chips(request, wanted, period),
    }
    return answer_list(
        request,
        "crm/orders.html",
        "crm/_order_table.html",
        context,
        lambda: {
            "period": period,
            "periods": asked.PERIODS,
            "states": OrderState.choices,
            "channels": OrderChannel.choices,
            "payments": PaymentMethod.choices,
            "stores": reads.list_stores(),
            "currencies": reads.list_currencies(),
            "sortings": _ORDERS,
            "low": _amount(wanted.low_minor, request),
            "high": _amount(wanted.high_minor, request),
            "connected": list_connected,
            "is_empty": not page.rows and not wanted.is_narrowed and not has_orders(),
            "may_export": may(request.member.role, capabilities.EXPORT_PROFILES),
        },
    )


@requires(capabilities.EXPORT_PROFILES)
@require_GET
def export_orders(request: TenantRequest) -> HttpResponse:
    """Stream the orders that the list shows, all pages of it, as CSV."""
    wanted, _ = _read_wanted(request)
    own = request.tenant.currency

    def read(mark: str) -> tuple[list[Sequence[object]], str | None]:
        page = reads.list_orders(wanted, Place(after=mark, limit=BATCH))
        return [_cells(row, own) for row in page.rows], page.next

    return export_list(request, "orders", _HEADINGS, read, of=("order", "list"))


@requires(capabilities.VIEW)
@require_GET
def order_detail(request: TenantRequest, order_id: int) -> HttpResponse:
    """Show one order with everything that is known of it and that it changed."""
    found = find_order_detail(order_id)
    if found is None:
        raise Http404
    slug = request.tenant.slug
    group = found.facts.rfm_group if found.facts else ""
    context = {
        "found": found,
        "order": found.order,
        "group": label_of("rfm_group", group),
        "care": care_of_order(order_id),
        "may_return": may(request.member.role, capabilities.WRITE_NOTES),
        "may_publish": may(request.member.role, capabilities.EDIT_FLOWS),
        "parts": [
            (part.label, reverse(part.route, args=[slug, order_id])) for part in list_order_parts()
        ],
    }
    return render(request, "crm/order.html", context)


def _cells(row: OrderRow, own: str) -> Sequence[object]:
    return (
        row.id,
        row.number,
        row.ordered_at.isoformat(),
        row.store,
        row.state,
        row.reason,
        row.fulfillment_status,
        row.profile_id or "",
        row.name,
        row.email,
        row.country,
        row.channel,
        row.payment_method,
        row.payment_name,
        row.item_count,
        to_text(row.gross_minor, row.currency),
        to_text(row.refunded_minor, row.currency),
        row.currency,
        to_text(row.base_gross_minor, own),
        own,
    )


def _read_wanted(request: TenantRequest) -> tuple[WantedOrders, AskedPeriod]:
    """Read search, filters and order of an address; what does not exist is left out."""
    today = clock.now().astimezone(find_zone(request.tenant.timezone)).date()
    period = asked.read_period(request, today)
    sorts = [f"{sign}{key}" for key in SORTINGS for sign in ("", "-")]
    wanted = WantedOrders(
        search=asked.read_text(request, "q"),
        store_id=asked.read_id(request, "store"),
        state=asked.read_choice(request, "status", OrderState.values),
        channel=asked.read_choice(request, "channel", OrderChannel.values),
        payment=asked.read_choice(request, "payment", PaymentMethod.values),
        first_day=period.first,
        last_day=period.last,
        is_refunded=request.GET.get("refund") == "1",
        is_nobodys=request.GET.get("person") == "none",
        currency=asked.read_choice(request, "currency", reads.list_currencies()),
        low_minor=_read_amount(request, "min"),
        high_minor=_read_amount(request, "max"),
        sort=asked.read_choice(request, "sort", sorts, "-time"),
    )
    return wanted, period


def _read_amount(request: TenantRequest, name: str) -> int | None:
    """Return an amount of the tenant's currency in minor units; None for none, or for nonsense."""
    text = asked.read_text(request, name).replace(",", "")
    try:
        minor = to_minor(Decimal(text) if text else "", request.tenant.currency)
    except (MoneyError, ArithmeticError):
        return None
    return minor if abs(minor) < 2**62 else None


def _amount(minor: int | None, request: TenantRequest) -> str:
    return to_text(minor, request.tenant.currency) or ""


def _chips(request: TenantRequest, wanted: WantedOrders, period: AskedPeriod) -> list[Chip]:
    """Return the filters that are on and have no control of their own in sight."""
    chips = asked.period_chips(request, period)
    return chips + [asked.make_chip(request, text, name) for name, text in _speak(request, wanted)]


def _speak(request: TenantRequest, wanted: WantedOrders) -> Iterator[tuple[str, str]]:
    """Yield name and words of the filters behind the fold."""
    own = request.tenant.currency
    if wanted.channel:
        yield "channel", f"Channel: {OrderChannel(wanted.channel).label}"
    if wanted.payment:
        yield "payment", f"Paid by: {PaymentMethod(wanted.payment).label}"
    if wanted.low_minor is not None:
        yield "min", f"At least {format_money(wanted.low_minor, own)}"
    if wanted.high_minor is not None:
        yield "max", f"At most {format_money(wanted.high_minor, own)}"
    if wanted.currency:
        yield "currency", f"In {wanted.currency}"
    if wanted.is_refunded:
        yield "refund", "With a refund"
    if wanted.is_nobodys:
        yield "person", "Without a person"
