"""Whether things can be bought at this moment, for many at once."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from crm.choices import StockState
from crm.models import OrderLine, Product, Variant

ON_SALE = "active"
MOST_LOOKED_AT = 1_000
"""Variants that are read in search of an exchange."""


@dataclass(frozen=True, slots=True)
class Stock:
    """One product or variant.

    Attributes:
        title: for people.
        state: a word of `StockState`; empty where nothing is counted.
        is_sold: False once its product is gone, or is not on sale any more.
        left: pieces in all places; None where nothing is counted.
        back_on: when more is expected; None unless none is left.
        tags: of the product.
    """

    title: str
    state: str
    is_sold: bool
    left: int | None
    back_on: date | None
    tags: tuple[str, ...]

    @property
    def can_be_bought(self) -> bool:
        """Say whether it can be bought; so can what is not counted, and what is sold on."""
        return self.is_sold and self.state != StockState.OUT


@dataclass(frozen=True, slots=True)
class Shelf:
    """What was asked for; what is not known is left out."""

    products: dict[int, Stock]
    variants: dict[int, Stock]
    skus: dict[str, Stock]


def find_stock(
    product_ids: Collection[int], variant_ids: Collection[int], skus: Collection[str]
) -> Shelf:
    """Return how things stand; a SKU of several stores can be bought if one of them has it."""
    by_product: dict[int, list[Variant]] = {}
    variants: dict[int, Stock] = {}
    by_sku: dict[str, Stock] = {}
    wanted = Q(pk__in=variant_ids) | Q(product_id__in=product_ids) | Q(sku__in=skus)
    for variant in Variant.objects.filter(wanted).select_related("product").order_by("pk"):
        stock = _of_variant(variant)
        variants[variant.pk] = stock
        by_product.setdefault(variant.product_id, []).append(variant)
        before = by_sku.get(variant.sku)
        if variant.sku in skus and (before is None or not before.can_be_bought):
            by_sku[variant.sku] = stock
    products = Product.objects.filter(pk__in=product_ids)
    return Shelf(
        products={row.pk: _of_product(row, by_product.get(row.pk, [])) for row in products},
        variants={key: stock for key, stock in variants.items() if key in variant_ids},
        skus=by_sku,
    )


def find_exchanges(product_ids: Collection[int]) -> dict[int, list[Variant]]:
    """Return by product the variants that can be bought now, in the shop's order.

    Args:
        product_ids: of what comes back; one of which nothing is in stock is left out. Of products
            with more than `MOST_LOOKED_AT` variants together the rest is not looked at.
    """
    if not product_ids:
        return {}
    variants = Variant.objects.filter(product_id__in=product_ids).select_related("product")
    found: dict[int, list[Variant]] = {}
    for variant in variants.order_by("pk")[:MOST_LOOKED_AT]:
        if _of_variant(variant).can_be_bought:
            found.setdefault(variant.product_id, []).append(variant)
    return found


def find_bought(order_ids: Collection[int], skus: Collection[str]) -> dict[tuple[int, str], int]:
    """Return by order and SKU the product that was bought by that SKU, where it is known."""
    if not (order_ids and skus):
        return {}
    lines = OrderLine.objects.filter(
        order_id__in=order_ids, sku__in=skus, product__isnull=False
    ).values_list("order_id", "sku", "product_id")
    return {(order_id, sku): product_id or 0 for order_id, sku, product_id in lines}


def _of_variant(variant: Variant) -> Stock:
    product = variant.product
    title = f"{product} ({variant.title})" if variant.title else str(product)
    return Stock(
        title=title,
        state=variant.stock_state,
        is_sold=_is_sold(product),
        left=_left([variant]),
        back_on=variant.back_on,
        tags=tuple(product.tags),
    )


def _of_product(product: Product, variants: list[Variant]) -> Stock:
    days = [variant.back_on for variant in variants if variant.back_on is not None]
    return Stock(
        title=str(product),
        state=product.stock_state,
        is_sold=_is_sold(product),
        left=_left(variants),
        back_on=min(days) if days and product.stock_state != StockState.IN else None,
        tags=tuple(product.tags),
    )


def _left(variants: Iterable[Variant]) -> int | None:
    """Return the pieces of variants together; None where one of them never runs out."""
    counts = [
        None if variant.is_tracked is False else variant.inventory_quantity for variant in variants
    ]
    known = [max(count, 0) for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _is_sold(product: Product) -> bool:
    return product.deleted_at is None and product.status == ON_SALE
