"""One product as its page shows it: variants, sales by day, who bought it, and what with it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from crm.domain.purchases import COUNTED_DAYS
from crm.models import CatalogCount, Product, ProductFigures, Profile, Variant, VariantChange
from crm.queries.catalog import Prices, find_prices, repeat_rate
from kernel.sql import run_sql

VARIANTS = 200
"""Most variants that a page shows."""
CHANGES = 20
"""Newest changes of price and stock that a page shows."""
BUYERS = 10
LINES = 1_000
"""Newest lines of a product that buyers and companions are taken from."""
TOGETHER = 5
MIN_TOGETHER = 2
"""A companion stands in at least so many orders; one order says nothing."""


@dataclass(frozen=True, slots=True)
class ProductDetail:
    """A product with its figures of the last 90 days; zeros before the first count."""

    product: Product
    figures: ProductFigures
    prices: Prices | None
    variants: list[Variant]
    repeat_rate: float | None
    count: CatalogCount | None
    changes: list[VariantChange]


@dataclass(frozen=True, slots=True)
class SoldDay:
    """What one day sold; money in the tenant's currency."""

    day: date
    units: int
    revenue_minor: int


@dataclass(frozen=True, slots=True)
class Buyer:
    """Somebody who bought it lately."""

    profile: Profile
    orders: int
    units: int
    ordered_at: datetime


@dataclass(frozen=True, slots=True)
class Companion:
    """Another product in the same orders; ``rate`` of those orders, 0 to 1."""

    product_id: int
    title: str
    orders: int
    rate: float


def find_product(product_id: int) -> Product | None:
    """Return a product of the tenant with its store, or None."""
    return Product.objects.select_related("store").filter(pk=product_id).first()


def find_product_detail(product_id: int) -> ProductDetail | None:
    """Return a product with figures and variants; None when there is none."""
    product = find_product(product_id)
    if product is None:
        return None
    figures = _figures(product)
    variants = Variant.objects.filter(product_id=product_id).order_by("pk")
    return ProductDetail(
        product=product,
        figures=figures,
        prices=find_prices([product_id]).get(product_id),
        variants=list(variants[:VARIANTS]),
        repeat_rate=repeat_rate(figures.buyer_count, figures.repeat_count),
        count=CatalogCount.objects.first(),
        changes=list(
            VariantChange.objects.filter(product_id=product_id)
            .select_related("variant")
            .order_by("-at", "-pk")[:CHANGES]
        ),
    )


def list_sold_days(product: Product) -> list[SoldDay]:
    """Return the 90 days of the last count, oldest first; empty before the first count."""
    count = CatalogCount.objects.first()
    if count is None:
        return []
    figures = _figures(product)
    found = dict(
        zip(
            figures.days,
            zip(figures.day_units, figures.day_revenue_minor, strict=True),
            strict=True,
        )
    )
    return [
        SoldDay(count.first_day + timedelta(days=day), *found.get(day, (0, 0)))
        for day in range(COUNTED_DAYS)
    ]


def list_buyers(product_id: int) -> list[Buyer]:
    """Return who bought a product last, each once, newest first."""
    rows = run_sql("crm.list_newest_buyers", product_id=product_id, lines=LINES, count=BUYERS)
    people = Profile.objects.in_bulk([row.profile_id for row in rows])
    return [
        Buyer(people[row.profile_id], row.orders, row.units, row.ordered_at)
        for row in rows
        if row.profile_id in people
    ]


def list_companions(product_id: int) -> list[Companion]:
    """Return what else stands in the newest orders of a product, most frequent first."""
    rows = run_sql("crm.list_bought_together", product_id=product_id, lines=LINES, count=TOGETHER)
    return [
        Companion(row.product_id, row.title, row.orders, row.orders / row.of_orders)
        for row in rows
        if row.orders >= MIN_TOGETHER
    ]


def _figures(product: Product) -> ProductFigures:
    found = ProductFigures.objects.filter(product_id=product.pk).first()
    if found is not None:
        return found
    return ProductFigures(
        product=product,
        units=0,
        revenue_minor=0,
        order_count=0,
        buyer_count=0,
        repeat_count=0,
        days=[],
        day_units=[],
        day_revenue_minor=[],
    )
