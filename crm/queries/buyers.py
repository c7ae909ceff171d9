"""Everybody who bought a product in some days, guests included."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet, Sum

from crm.choices import IdentityKind
from crm.models import Identity, OrderLine, Profile


@dataclass(frozen=True, slots=True)
class Sold:
    """What was sold to whom: a product, within a time.

    Attributes:
        variant_ids: of the product; empty for all.
        since, until: aware; the end is not included.
        numbers: of orders or their ids at the store, such as those of one lot; empty for all.
    """

    product_id: int
    since: datetime
    until: datetime
    variant_ids: tuple[int, ...] = ()
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BuyerCounts:
    """How many bought something, and how they can be reached.

    Attributes:
        by_phone: those without an e-mail address.
        unreachable: with neither.
        nobody: orders of which no person is known.
        linkable: those of them that carry an address.
    """

    people: int
    by_email: int
    by_phone: int
    unreachable: int
    orders: int
    pieces: int
    nobody: int
    linkable: int


@dataclass(frozen=True, slots=True)
class BuyerRow:
    """One who bought it; a guest has no account at any store."""

    profile: Profile
    orders: int
    pieces: int
    ordered_at: datetime
    is_guest: bool


def count_sold(sold: Sold) -> BuyerCounts:
    """Count everybody who bought something; cancelled orders and tests are no purchases."""
    has_email, has_phone = ~Q(order__profile__email=""), ~Q(order__profile__phone="")
    of_nobody = Q(order__profile__isnull=True)
    people = "order__profile_id"
    counts = _lines(sold).aggregate(
        people=Count(people, distinct=True),
        by_email=Count(people, distinct=True, filter=has_email),
        by_phone=Count(people, distinct=True, filter=~has_email & has_phone),
        orders=Count("order_id", distinct=True),
        pieces=Sum("quantity", default=0),
        nobody=Count("order_id", distinct=True, filter=of_nobody),
        linkable=Count("order_id", distinct=True, filter=of_nobody & ~Q(order__email="")),
    )
    reached = counts["by_email"] + counts["by_phone"]
    return BuyerCounts(**counts, unreachable=counts["people"] - reached)


def list_sold_to(sold: Sold, *, limit: int) -> list[BuyerRow]:
    """Return who bought something last, each once."""
    rows = list(
        _lines(sold)
        .filter(order__profile__isnull=False)
        .values("order__profile_id")
        .annotate(
            orders=Count("order_id", distinct=True),
            pieces=Sum("quantity"),
            ordered_at=Max("order__ordered_at"),
        )
        .order_by("-ordered_at", "-order__profile_id")[:limit]
    )
    ids = {row["order__profile_id"] for row in rows}
    profiles = Profile.objects.in_bulk(ids)
    with_account = set(
        Identity.objects.filter(profile_id__in=ids, kind=IdentityKind.CUSTOMER_ID).values_list(
            "profile_id", flat=True
        )
    )
    return [
        BuyerRow(
            profile=profiles[row["order__profile_id"]],
            orders=row["orders"],
            pieces=row["pieces"],
            ordered_at=row["ordered_at"],
            is_guest=row["order__profile_id"] not in with_account,
        )
        for row in rows
    ]


def list_buyer_ids(sold: Sold, *, after: int, limit: int) -> list[int]:
    """Return the next people who bought something, by their ids."""
    lines = _lines(sold).filter(order__profile_id__gt=after)
    ids = lines.order_by("order__profile_id").values_list("order__profile_id", flat=True)
    return list(ids.distinct()[:limit])


def find_strays_of(sold: Sold, *, after: int, limit: int) -> list[tuple[int, int]]:
    """Return store and id of the next orders of nobody that carry an address, by their ids."""
    lines = _lines(sold).filter(order__profile__isnull=True, order_id__gt=after)
    found = lines.exclude(order__email="").order_by("order_id").distinct()
    return list(found.values_list("order__store_id", "order_id")[:limit])


def _lines(sold: Sold) -> QuerySet[OrderLine]:
    found = OrderLine.objects.filter(
        product_id=sold.product_id,
        order__ordered_at__gte=sold.since,
        order__ordered_at__lt=sold.until,
        order__is_test=False,
        order__cancelled_at__isnull=True,
    )
    if sold.variant_ids:
        found = found.filter(variant_id__in=sold.variant_ids)
    if sold.numbers:
        found = found.filter(
            Q(order__number__in=sold.numbers) | Q(order__external_id__in=sold.numbers)
        )
    return found
