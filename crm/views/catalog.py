"""The catalogue: what the stores sell, how it sells, and the page of one product."""

import csv
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from crm.choices import ProductFlag, StockState
from crm.models import Product
from crm.queries import catalog as reads
from crm.queries.catalog import SORTINGS, STATUSES, WantedProducts
from crm.queries.flags import flags_of
from crm.queries.orders import list_stores
from crm.queries.product_detail import (
    find_product,
    find_product_detail,
    list_buyers,
    list_companions,
    list_sold_days,
)
from crm.queries.refills import find_refill
from crm.queries.sources import list_connected
from kernel import asked
from kernel.fragments import answer_list
from kernel.keyset import speak_count
from kernel.money import to_text
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

_ORDERS = (
    ("-revenue", "Most revenue first"),
    ("revenue", "Least revenue first"),
    ("-units", "Most units first"),
    ("units", "Fewest units first"),
    ("-new", "Newest first"),
    ("new", "Oldest first"),
)


@requires(capabilities.VIEW)
@require_GET
def product_list(request: TenantRequest) -> HttpResponse:
    """Show the products, best sellers first; an htmx request gets the table alone."""
    wanted = _read_wanted(request)
    page = reads.list_products(wanted, asked.read_place(request))
    total = reads.count_listed(wanted) if page.rows else 0
    context: dict[str, Any] = {
        "wanted": wanted,
        "page": page,
        "shown": speak_count(len(page.rows), total, "products"),
        "count": reads.find_count(),
    }
    return answer_list(
        request,
        "crm/products.html",
        "crm/_product_table.html",
        context,
        lambda: {
            "statuses": STATUSES,
            "stocks": StockState.choices,
            "flags": ProductFlag.choices,
            "stores": list_stores(),
            "categories": reads.list_categories(),
            "sortings": _ORDERS,
            "connected": list_connected,
            "is_empty": not page.rows and not wanted.is_narrowed and not reads.has_products(),
        },
    )


@requires(capabilities.VIEW)
@require_GET
def product_detail(request: TenantRequest, product_id: int) -> HttpResponse:
    """Show one product: figures, variants, sales by day, and who bought it."""
    found = find_product_detail(product_id)
    if found is None:
        raise Http404
    slug = request.tenant.slug
    context = {
        "found": found,
        "product": found.product,
        "figures": found.figures,
        "status": "deleted" if found.product.deleted_at else found.product.status,
        "flags": flags_of(found.product),
        "refill": find_refill(found.product),
        "may_flag": may(request.member.role, capabilities.EDIT_SEGMENTS),
        "may_edit_flows": may(request.member.role, capabilities.EDIT_FLOWS),
        "image_url": _web_address(found.product.image_url),
        "sales_url": reverse("crm:product_sales", args=[slug, product_id]),
        "csv_url": reverse("crm:product_sales_csv", args=[slug, product_id]),
        "buyers_url": reverse("crm:product_buyers", args=[slug, product_id]),
    }
    return render(request, "crm/product.html", context)


@requires(capabilities.VIEW)
@require_GET
def product_buyers(request: TenantRequest, product_id: int) -> HttpResponse:
    """Show who bought a product last, and what stood in the same orders: a part of its page."""
    product = _get_product(product_id)
    context = {
        "product": product,
        "buyers": list_buyers(product_id),
        "companions": list_companions(product_id),
    }
    return render(request, "crm/_product_buyers.html", context)


@requires(capabilities.VIEW)
@require_GET
def product_sales(request: TenantRequest, product_id: int) -> HttpResponse:
    """Answer the chart of what a product sold by day."""
    days = list_sold_days(_get_product(product_id))
    data = {
        "type": "area",
        "unit": "money",
        "currency": request.tenant.currency,
        "axis": "Day",
        "x": [day.day.isoformat() for day in days],
        "series": [{"name": "Revenue", "values": [day.revenue_minor for day in days]}],
    }
    return JsonResponse(data)


@requires(capabilities.VIEW)
@require_GET
def product_sales_csv(request: TenantRequest, product_id: int) -> HttpResponse:
    """Answer the figures of the chart as CSV, with the units beside the money."""
    days = list_sold_days(_get_product(product_id))
    currency = request.tenant.currency
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="product-by-day.csv"'},
    )
    writer = csv.writer(response)
    writer.writerow(["day", "units", "revenue", "currency"])
    for day in days:
        revenue = to_text(day.revenue_minor, currency)
        writer.writerow([day.day.isoformat(), day.units, revenue, currency])
    return response


def _web_address(text: str) -> str:
    """Return an address that may be linked to; empty where a shop wrote something else."""
    return text if text.startswith(("https://", "http://")) else ""


def _get_product(product_id: int) -> Product:
    product = find_product(product_id)
    if product is None:
        raise Http404
    return product


def _read_wanted(request: TenantRequest) -> WantedProducts:
    """Read search, filters and order of an address; what does not exist is left out."""
    sorts = [f"{sign}{key}" for key in SORTINGS for sign in ("", "-")]
    return WantedProducts(
        search=asked.read_text(request, "q"),
        store_id=asked.read_id(request, "store"),
        category=asked.read_text(request, "category"),
        status=asked.read_choice(request, "status", dict(STATUSES)),
        stock=asked.read_choice(request, "stock", StockState.values),
        flag=asked.read_choice(request, "flag", ProductFlag.values),
        sort=asked.read_choice(request, "sort", sorts, "-revenue"),
    )
