"""The list of products with what they sold, page by page at the cost of one page."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.choices import ProductFlag, StockState
from crm.models import CatalogCount, Product, Store
from kernel.keyset import Place, Sorting, Statement, count_up_to, has_any, select_page
from kernel.sql import run_sql

CATEGORIES = 200
"""Most categories that a filter offers."""
NEWEST = 20_000
"""The categories on offer are those of so many newest products."""
STATUSES = (
    ("active", "Active"),
    ("draft", "Draft"),
    ("archived", "Archived"),
    ("deleted", "Deleted in the store"),
)
SORTINGS = {
    "revenue": Sorting("f.revenue_minor", "f.product_id", "revenue_minor"),
    "units": Sorting("f.units", "f.product_id", "units"),
    "new": Sorting("p.created_at", "p.id", "created_at", is_time=True),
}
"""What products sort by; each has an index that begins with the tenant."""

_SELECT = """
SELECT p.id, p.title, p.external_id, p.category, p.brand, p.status, p.store_id, p.created_at,
    p.deleted_at, p.stock_state, p.flags, COALESCE(f.units, 0) AS units,
    COALESCE(f.revenue_minor, 0) AS revenue_minor,
    COALESCE(f.buyer_count, 0) AS buyer_count, COALESCE(f.repeat_count, 0) AS repeat_count,
    f.last_sold_at
"""
_FROM = """
FROM crm_product AS p
{join} crm_productfigures AS f ON f.tenant_id = %(tenant_id)s AND f.product_id = p.id
"""


@dataclass(frozen=True, slots=True)
class WantedProducts:
    """Which products, and in which order; an empty value does not narrow.

    Attributes:
        search: part of a title, or a SKU.
        stock: a `StockState` word.
        flag: a `ProductFlag` word.
        sort: a key of `SORTINGS`, with ``-`` before it for the largest first.
    """

    search: str = ""
    store_id: int | None = None
    category: str = ""
    status: str = ""
    stock: str = ""
    flag: str = ""
    sort: str = "-revenue"

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the order was chosen."""
        return self != WantedProducts(sort=self.sort)


@dataclass(frozen=True, slots=True)
class Prices:
    """What the variants of a product cost and how many are left.

    Attributes:
        low_minor, high_minor: in minor units of ``currency``; None where no price is known.
        stock: pieces of all variants; None where the store does not tell.
    """

    low_minor: int | None
    high_minor: int | None
    currency: str
    stock: int | None
    variants: int


NO_PRICES = Prices(None, None, "", None, 0)


@dataclass(frozen=True, slots=True)
class ProductRow:
    """One row of the list; figures of the 90 days of the last count.

    Attributes:
        repeat_rate: buyers who bought it again ÷ buyers, 0 to 1; None without a buyer.
        last_sold_at: in these days; None: not in them.
    """

    id: int
    title: str
    category: str
    brand: str
    status: str
    store: str
    prices: Prices
    stock_state: str
    flags: list[str]
    units: int
    revenue_minor: int
    buyer_count: int
    repeat_rate: float | None
    last_sold_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProductPage:
    """One page of products; the marks lead to its neighbours."""

    rows: list[ProductRow]
    next: str | None
    previous: str | None


def list_products(wanted: WantedProducts, place: Place) -> ProductPage:
    """Return a page of products."""
    sorting = SORTINGS[wanted.sort.lstrip("-")]
    joined = _FROM.format(join="JOIN" if sorting.column.startswith("f.") else "LEFT JOIN")
    found = select_page(
        Statement(f"{_SELECT} {joined}", *_conditions(wanted)),
        sorting,
        descending=wanted.sort.startswith("-"),
        place=place,
    )
    prices = find_prices([row.id for row in found.rows])
    stores = dict(Store.objects.values_list("pk", "name"))
    rows = [
        _row(row, stores.get(row.store_id, ""), prices.get(row.id, NO_PRICES)) for row in found.rows
    ]
    return ProductPage(rows, found.next, found.previous)


def count_listed(wanted: WantedProducts) -> int:
    """Return how many products there are, at most the ceiling."""
    return count_up_to("FROM crm_product AS p", *_conditions(wanted))


def has_products() -> bool:
    """Say whether the tenant has any product."""
    return has_any(Product.objects.all())


def find_count() -> CatalogCount | None:
    """Return when the products were last counted; None before the first time."""
    return CatalogCount.objects.first()


def list_categories() -> list[tuple[str, str]]:
    """Return the categories of the newest products, by name."""
    rows = run_sql("crm.list_categories", newest=NEWEST, count=CATEGORIES)
    return [(row.category, row.category) for row in rows]


def find_prices(product_ids: Collection[int]) -> dict[int, Prices]:
    """Return prices and stock of some products, from their variants."""
    if not product_ids:
        return {}
    return {
        row.product_id: Prices(row.low, row.high, row.currency, row.stock, row.variants)
        for row in run_sql("crm.find_prices", ids=list(product_ids))
    }


def repeat_rate(buyers: int, repeats: int) -> float | None:
    """Return the share of buyers who bought again, 0 to 1; None without a buyer."""
    return repeats / buyers if buyers else None


def _row(row: Any, store: str, prices: Prices) -> ProductRow:
    return ProductRow(
        id=row.id,
        title=row.title or row.external_id,
        category=row.category,
        brand=row.brand,
        status="deleted" if row.deleted_at else row.status,
        store=store,
        prices=prices,
        stock_state=row.stock_state,
        flags=[str(ProductFlag(flag).label) for flag in row.flags],
        units=row.units,
        revenue_minor=row.revenue_minor,
        buyer_count=row.buyer_count,
        repeat_rate=repeat_rate(row.buyer_count, row.repeat_count),
        last_sold_at=row.last_sold_at,
    )


def _conditions(wanted: WantedProducts) -> tuple[list[str], Mapping[str, Any]]:
    parts, params = ["p.tenant_id = %(tenant_id)s"], dict[str, Any]()
    if wanted.store_id is not None:
        parts.append("p.store_id = %(store_id)s")
        params["store_id"] = wanted.store_id
    if wanted.category:
        parts.append("p.category = %(category)s")
        params["category"] = wanted.category
    if wanted.status == "deleted":
        parts.append("p.deleted_at IS NOT NULL")
    elif wanted.status:
        parts.append("p.deleted_at IS NULL AND p.status = %(status)s")
        params["status"] = wanted.status
    _add_states(wanted, parts, params)
    if wanted.search:
        parts.append(
            "(p.title ILIKE %(pattern)s OR p.id IN (SELECT v.product_id FROM crm_variant AS v"
            " WHERE v.tenant_id = %(tenant_id)s AND v.sku = %(sku)s))"
        )
        escaped = wanted.search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        params |= {"pattern": f"%{escaped}%", "sku": wanted.search}
    return parts, params


def _add_states(wanted: WantedProducts, parts: list[str], params: dict[str, Any]) -> None:
    """Narrow to what products are, and to whether they can be bought."""
    if wanted.flag:
        parts.append("p.flags @> ARRAY[%(flag)s]::text[]")
        params["flag"] = wanted.flag
    if wanted.stock:
        parts.append("p.stock_state = %(stock)s")
        params["stock"] = wanted.stock
    if wanted.stock in {StockState.BACKORDER, StockState.OUT}:
        # A bound value does not prove to the planner that the small index holds all of them.
        parts.append("p.stock_state IN ('backorder', 'out')")
