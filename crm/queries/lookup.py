"""Looking up single things by what a person types."""

from collections.abc import Collection
from typing import NamedTuple

from crm.choices import IdentityKind
from crm.domain.identifiers import order_number_forms
from crm.models import Identity, Order, Profile
from kernel.sql import run_sql


class FoundOrder(NamedTuple):
    """One order; ``person`` is a name or address, empty for an order without a person."""

    id: int
    number: str
    person: str


def find_orders(text: str, *, limit: int) -> list[FoundOrder]:
    """Return the orders whose number was typed, with or without ``#``, newest first.

    Args:
        text: a whole order number; a part of one finds nothing.
        limit: most orders.
    """
    orders = Order.objects.filter(number__in=order_number_forms(text.strip()))
    newest = orders.select_related("profile").order_by("-ordered_at", "-pk")[:limit]
    return [
        FoundOrder(order.pk, str(order), str(order.profile) if order.profile else "")
        for order in newest
    ]


def find_owners_of_numbers(numbers: Collection[str]) -> dict[str, list[int]]:
    """Return the profiles that numbers in E.164 point at; numbers of nobody are left out."""
    found = Identity.objects.filter(kind=IdentityKind.PHONE, value_norm__in=numbers)
    owners: dict[str, list[int]] = {}
    for number, profile_id in found.order_by("pk").values_list("value_norm", "profile_id"):
        owners.setdefault(number, []).append(profile_id)
    return owners


def find_owners_of_mailboxes(addresses: Collection[str]) -> dict[str, list[int]]:
    """Return the profiles that e-mail addresses in lower case point at, the first one first."""
    found = Identity.objects.filter(kind=IdentityKind.EMAIL, value_norm__in=addresses)
    owners: dict[str, list[int]] = {}
    for address, profile_id in found.order_by("pk").values_list("value_norm", "profile_id"):
        owners.setdefault(address, []).append(profile_id)
    return owners


def find_people_of_mailbox(address: str) -> set[int]:
    """Return everybody at whom an e-mail address in lower case points, or who carries it."""
    if not address:
        return set()
    owners = Identity.objects.filter(kind=IdentityKind.EMAIL, value_norm=address)
    carriers = Profile.objects.filter(email_norm=address).values_list("pk", flat=True)
    return set(owners.values_list("profile_id", flat=True).union(carriers))


def list_event_names(*, limit: int) -> list[str]:
    """Return the names of the events that were ever recorded, ascending."""
    return [row.name for row in run_sql("crm.list_event_names", count=limit)]
