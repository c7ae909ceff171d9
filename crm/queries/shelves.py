"""What mails show of the shop: products that can be bought, and what people said and asked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, F, Q, QuerySet, When, Window
from django.db.models.functions import RowNumber

from crm.choices import ReviewStatus, StockState
from crm.models import (
    Order,
    OrderLine,
    Product,
    ProductFigures,
    ProductQuestion,
    Review,
    Variant,
)

STARS = (5, 4)
"""Ratings that are shown to others, best first."""


@dataclass(frozen=True, slots=True)
class Goods:
    """One product with its price.

    Attributes:
        price_minor: of its cheapest variant that is left; None where no price is known.
        compare_at_minor: what that variant cost before; None where it is not reduced.
    """

    id: int
    title: str
    url: str
    image_url: str
    category: str
    price_minor: int | None
    compare_at_minor: int | None
    currency: str


@dataclass(frozen=True, slots=True)
class Praise:
    """What somebody said of a product, or of the shop where ``product`` is empty."""

    author: str
    title: str
    body: str
    rating: int
    product: str
    reviewed_at: datetime


def best_sellers(count: int, category: str = "") -> list[Goods]:
    """Return what sold most units in the 90 days of the last count, best first.

    What cannot be bought, is sold out or has no picture is left out; the newest products fill up.

    Args:
        count: the most products.
        category: of the store or given by hand; empty takes all.
    """
    of_category = Q(product__category=category) | Q(product__own_category=category)
    rows = ProductFigures.objects.filter(
        Q() if not category else of_category,
        units__gt=0,
        product__in=_shown(""),
    )
    ids = list(rows.order_by("-units", "-product_id").values_list("product_id", flat=True)[:count])
    if len(ids) < count:
        newest = _shown(category).exclude(pk__in=ids).order_by("-created_at", "-pk")
        ids += newest.values_list("pk", flat=True)[: count - len(ids)]
    return find_goods(ids)


def best_of(categories: Collection[str], count: int) -> dict[str, list[Goods]]:
    """Return what sold best of each of some categories, best first, as `best_sellers` counts it.

    Args:
        categories: those of the store, or given by hand; one of which nothing sold is left out.
        count: the most products of each.
    """
    if not categories:
        return {}
    category = Case(
        When(product__category="", then=F("product__own_category")), default=F("product__category")
    )
    place = Window(RowNumber(), partition_by=F("of_category"), order_by=["-units", "-product_id"])
    rows = (
        ProductFigures.objects.filter(units__gt=0, product__in=_shown(""))
        .annotate(of_category=category)
        .filter(of_category__in=categories)
        .annotate(place=place)
        .filter(place__lte=count)
        .order_by("of_category", "place")
    )
    found: dict[str, list[Goods]] = {}
    for goods in find_goods(list(rows.values_list("product_id", flat=True))):
        found.setdefault(goods.category, []).append(goods)
    return found


def newest_goods(count: int, category: str = "") -> list[Goods]:
    """Return the newest products that can be bought, newest first."""
    rows = _shown(category).order_by("-created_at", "-pk")
    return find_goods(list(rows.values_list("pk", flat=True)[:count]))


def find_goods(product_ids: Sequence[int]) -> list[Goods]:
    """Return products in the order asked for; those that cannot be bought or seen are left out."""
    products = {row.pk: row for row in _shown("").filter(pk__in=product_ids)}
    variants: dict[int, list[Variant]] = {}
    for variant in Variant.objects.filter(product_id__in=products).order_by("pk"):
        variants.setdefault(variant.product_id, []).append(variant)
    return [_goods(products[key], variants.get(key, [])) for key in product_ids if key in products]


def find_named(
    skus: Collection[str], external_ids: Collection[str]
) -> tuple[dict[str, Goods], dict[str, Goods]]:
    """Return products by SKU of a variant, and by their id at the store.

    An id that products of two stores have means neither. What cannot be bought is left out.
    """
    of_sku = dict(Variant.objects.filter(sku__in=skus).values_list("sku", "product_id"))
    rows = Product.objects.filter(external_id__in=external_ids).values_list("external_id", "pk")
    of_id: dict[str, list[int]] = {}
    for external_id, pk in rows:
        of_id.setdefault(external_id, []).append(pk)
    single = {key: found[0] for key, found in of_id.items() if len(found) == 1}
    ids = list(dict.fromkeys([*of_sku.values(), *single.values()]))
    goods = {each.id: each for each in find_goods(ids)}
    return (
        {key: goods[pk] for key, pk in of_sku.items() if pk in goods},
        {key: goods[pk] for key, pk in single.items() if pk in goods},
    )


def search_goods(text: str, *, limit: int) -> list[Goods]:
    """Return products whose title holds a text, the newest first; without a text the newest."""
    rows = _shown("")
    if text:
        rows = rows.filter(title__icontains=text)
    return find_goods(
        list(rows.order_by("-created_at", "-pk").values_list("pk", flat=True)[:limit])
    )


def find_owned(profile_ids: Collection[int], product_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return which of some people bought which of some products: pairs of their ids."""
    lines = OrderLine.objects.filter(
        product_id__in=product_ids,
        order__in=Order.objects.filter(profile_id__in=profile_ids, is_counted=True),
    )
    return set(lines.values_list("order__profile_id", "product_id").distinct())


def list_praise(count: int, product_id: int | None = None) -> list[Praise]:
    """Return published reviews with four or five stars and words, the best and newest first.

    Its author agreed to it, here or at the tool that it comes from, and a member, or the tool,
    published it.
    """
    found: list[Review] = []
    for stars in STARS:
        if len(found) < count:
            rows = Review.objects.filter(rating=stars, status=ReviewStatus.PUBLISHED)
            rows = rows.exclude(body="").exclude(author="").exclude(is_consented=False)
            if product_id is not None:
                rows = rows.filter(product_id=product_id)
            rows = rows.select_related("product").order_by("-pk")
            found += rows[: count - len(found)]
    return [
        Praise(
            row.author,
            row.title,
            row.body,
            row.rating,
            row.product.title if row.product else "",
            row.reviewed_at,
        )
        for row in found
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that others may see, and its answer.

    Attributes:
        author: first name of who asked; may be empty.
        product: name of the product; empty where it is about the shop, or about what is gone.
    """

    question: str
    answer: str
    author: str
    product: str


def list_asked(count: int, product_id: int | None = None) -> list[Asked]:
    """Return answered questions whose authors agreed that others see them, newest first."""
    rows = ProductQuestion.objects.filter(is_consented=True).exclude(answer="")
    if product_id is not None:
        product = Product.objects.filter(pk=product_id).first()
        if product is None:
            return []
        rows = rows.filter(store_id=product.store_id, product_external_id=product.external_id)
    found = list(rows.order_by("-pk")[:count])
    keys = {row.product_external_id for row in found} - {""}
    titles = {
        (store_id, external_id): title
        for store_id, external_id, title in Product.objects.filter(
            external_id__in=keys, store_id__in={row.store_id for row in found}
        ).values_list("store_id", "external_id", "title")
    }
    return [
        Asked(
            row.question,
            row.answer,
            row.author,
            titles.get((row.store_id, row.product_external_id), ""),
        )
        for row in found
    ]


def find_titles(product_ids: Collection[int]) -> dict[int, str]:
    """Return the titles of products by id."""
    return dict(Product.objects.filter(pk__in=product_ids).values_list("pk", "title"))


def find_missing(product_ids: Collection[int]) -> dict[int, str]:
    """Return why products of a list cannot be shown, by id: gone, sold out, without a picture."""
    rows = {row.pk: row for row in Product.objects.filter(pk__in=product_ids)}
    reasons = {key: _why_missing(rows.get(key)) for key in product_ids}
    return {key: why for key, why in reasons.items() if why}


def _why_missing(product: Product | None) -> str:
    if product is None or product.deleted_at is not None or product.status != "active":
        return "is no longer sold"
    if product.stock_state == StockState.OUT:
        return "is out of stock"
    return "" if product.image_url else "has no picture"


def _shown(category: str) -> QuerySet[Product]:
    rows = Product.objects.filter(status="active", deleted_at__isnull=True)
    if category:
        rows = rows.filter(Q(category=category) | Q(own_category=category))
    return rows.exclude(image_url="").exclude(stock_state=StockState.OUT)


def _goods(product: Product, variants: Sequence[Variant]) -> Goods:
    left = [row for row in variants if row.stock_state != StockState.OUT] or list(variants)
    priced = [row for row in left if row.price_minor is not None]
    cheapest = min(priced, key=lambda row: (row.price_minor or 0, row.pk), default=None)
    before = cheapest.compare_at_minor if cheapest else None
    price = cheapest.price_minor if cheapest else None
    return Goods(
        id=product.pk,
        title=product.title or product.external_id,
        url=product.url,
        image_url=product.image_url,
        category=product.category or product.own_category,
        price_minor=price,
        compare_at_minor=before if before and price is not None and before > price else None,
        currency=cheapest.currency if cheapest else "",
    )
