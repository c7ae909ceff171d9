"""What of a tenant's data is wrong or incomplete: how much, some of it, and what to do.

Each kind is found by a small index of its own, and counted up to a ceiling, so that looking costs
the same in a shop of a million people.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q, QuerySet

from crm.choices import DuplicateStatus
from crm.domain.repairs import suggest_email
from crm.models import IgnoredFlaw, Order, ProbableDuplicate, Product, Profile, Refund
from crm.queries.duplicates import speak_reasons

CEILING: Final = 1_000
"""Counting stops here; a page writes 1,000+."""
SHOWN: Final = 5
_LIVE: Final = Q(merged_into__isnull=True, erased_at__isnull=True)


@dataclass(frozen=True, slots=True)
class Example:
    """One of what was found: the words for people, and the page that shows it."""

    label: str
    detail: str
    route: str
    id: int


@dataclass(frozen=True, slots=True)
class Flaw:
    """One kind of wrong or incomplete data.

    Attributes:
        count: how many, at most `CEILING`.
        has_more: there are more than that.
        effect: what it leads to.
        fix: what to do about it.
        route, query: the list of all of them; empty without one.
    """

    key: str
    title: str
    effect: str
    fix: str
    count: int
    has_more: bool
    examples: Sequence[Example]
    route: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class Mendable:
    """Somebody whose address is malformed, and what it was meant to be."""

    profile_id: int
    name: str
    raw: str
    meant: str


@dataclass(frozen=True, slots=True)
class _Kind:
    key: str
    title: str
    effect: str
    fix: str
    find: Callable[[], QuerySet[Any]]
    show: Callable[[Any], Example]
    route: str = ""
    query: str = ""


def list_flaws() -> list[Flaw]:
    """Return every kind, also those of which nothing was found."""
    return [_look(kind) for kind in _KINDS]


def flaw_keys() -> list[str]:
    """Return the names of all kinds."""
    return [kind.key for kind in _KINDS]


def count_flaw(key: str) -> int | None:
    """Return how many of a kind there are; None where there are more than are counted."""
    found = next(kind for kind in _KINDS if kind.key == key).find()
    count = len(found.values_list("pk", flat=True)[: CEILING + 1])
    return None if count > CEILING else count


def list_ignored() -> list[str]:
    """Return the kinds that a member put aside."""
    return list(IgnoredFlaw.objects.values_list("key", flat=True))


def list_mendable(limit: int) -> list[Mendable]:
    """Return people whose malformed address can mean only one thing, newest first.

    Args:
        limit: people that are looked at; those whose address is a riddle are left out.
    """
    found = _people(Q(properties__has_key="unusable_email"))[:limit]
    return [
        Mendable(person.pk, str(person), raw, meant)
        for person in found
        if (raw := str(person.properties["unusable_email"])) and (meant := suggest_email(raw))
    ]


def _look(kind: _Kind) -> Flaw:
    found = kind.find()
    count = len(found.values_list("pk", flat=True)[: CEILING + 1])
    return Flaw(
        key=kind.key,
        title=kind.title,
        effect=kind.effect,
        fix=kind.fix,
        count=min(count, CEILING),
        has_more=count > CEILING,
        examples=[kind.show(row) for row in found[:SHOWN]] if count else [],
        route=kind.route,
        query=kind.query,
    )


def _newest(rows: QuerySet[Any], *columns: str) -> QuerySet[Any]:
    return rows.order_by(*columns)


def _people(condition: Q) -> QuerySet[Any]:
    return _newest(Profile.objects.filter(_LIVE, condition), "-pk")


def _person(profile: Profile) -> Example:
    said = profile.properties
    detail = str(said.get("unusable_email") or said.get("unusable_phone") or profile.country)
    return Example(str(profile), detail, "crm:profile", profile.pk)


def _pair(doubt: ProbableDuplicate) -> Example:
    said = ", ".join(speak_reasons(doubt.reason, doubt.reasons))
    return Example(f"{doubt.one} and {doubt.other}", said, "crm:duplicate", doubt.pk)


def _order(order: Order) -> Example:
    total = f"{order.store.name}, {order.ordered_at:%-d %b %Y}"
    return Example(order.number or order.external_id, total, "crm:order", order.pk)


def _product(product: Product) -> Example:
    return Example(
        product.title or product.external_id, product.store.name, "crm:product", product.pk
    )


def _refund(refund: Refund) -> Example:
    detail = f"waits for order {refund.order_external_id}"
    return Example(f"Refund {refund.external_id}", detail, "stores:detail", refund.store_id)


def _orders(condition: Q) -> QuerySet[Order]:
    found = Order.objects.filter(condition).select_related("store")
    return _newest(found, "-ordered_at", "-pk")


_KINDS: Final = (
    _Kind(
        "duplicates",
        "People who may be one",
        "They get messages twice, and their figures are parted.",
        "Compare each pair: merge it, or say that they are not the same.",
        lambda: _newest(
            ProbableDuplicate.objects.filter(status=DuplicateStatus.OPEN).select_related(
                "one", "other"
            ),
            "-score",
            "-pk",
        ),
        _pair,
        "crm:duplicates",
    ),
    _Kind(
        "emails",
        "Malformed email addresses",
        "Nobody is known by them or written to.",
        "Confirm what was meant here, or correct the address in the shop.",
        lambda: _people(Q(properties__has_key="unusable_email")),
        _person,
    ),
    _Kind(
        "phones",
        "Malformed phone numbers",
        "Nobody is known by them.",
        "Say of which country numbers without one are, or correct them in the shop.",
        lambda: _people(Q(properties__has_key="unusable_phone")),
        _person,
    ),
    _Kind(
        "unreachable",
        "People without any way to reach them",
        "They count, and no message ever goes to them.",
        "Let the shop ask for an email address or a number at the checkout.",
        lambda: _people(Q(email_norm="", phone="", is_anonymous=False)),
        _person,
    ),
    _Kind(
        "lineless",
        "Orders without lines",
        "They count as no purchase, and their products are not known.",
        "Fetch the store again; if lines still lack, look at the delivery of the order.",
        lambda: _orders(Q(has_bought_line=False, is_test=False)),
        _order,
    ),
    _Kind(
        "nobodys",
        "Orders of nobody",
        "Their revenue counts, and belongs to no profile.",
        "Link those that carry an address here. Orders of a till often name nobody: let it ask for "
        "an email address.",
        lambda: _orders(Q(profile__isnull=True)),
        _order,
        "crm:orders",
        "?person=none",
    ),
    _Kind(
        "rateless",
        "Orders in a currency without a rate",
        "They are left out of every figure.",
        "Add the exchange rate of their day; figures follow by themselves.",
        lambda: _orders(Q(base_gross_minor__isnull=True)),
        _order,
    ),
    _Kind(
        "uncategorised",
        "Products without a category",
        "Segments and recommendations by category pass them over.",
        "Give all of them one here, by a file of products, or in the shop, which wins.",
        lambda: _newest(
            Product.objects.filter(category="", deleted_at__isnull=True).select_related("store"),
            "-pk",
        ),
        _product,
    ),
    _Kind(
        "loose_refunds",
        "Refunds that wait for their order",
        "They lower revenue, and belong to no order.",
        "Fetch the store: its orders bring them together.",
        lambda: _newest(
            Refund.objects.filter(order__isnull=True, order_external_id__gt=""),
            "store_id",
            "order_external_id",
        ),
        _refund,
    ),
)
