"""People that a template is tried on: one that was chosen, the newest, or a sample of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from crm.choices import ConsentState
from crm.models import Order, Profile
from crm.queries.finding import find_people
from messaging.queries.sending import find_recipients
from messaging.types import Recipient

SAMPLE = 50
"""People that a template is rendered for before it is sent."""
LOOKED_AT = 400
"""Newest people among whom the sample is found."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody that a template can be shown as."""

    id: int
    name: str
    email: str
    locale: str


def find_readers(text: str, *, limit: int) -> list[Reader]:
    """Return people that a template can be shown as: those that a text means, else the newest.

    Args:
        text: an address or part of a name.
        limit: the most people.
    """
    people = _people().filter(is_anonymous=False)
    if text:
        people = people.filter(pk__in=find_people(text))
    return [
        Reader(row.pk, f"{row.first_name} {row.last_name}".strip(), row.email, row.locale)
        for row in people.order_by("-pk")[:limit]
    ]


def find_person(profile_id: int | None) -> int | None:
    """Return the id of a person, or of the newest one for None; None where there is nobody."""
    people = _people() if profile_id is None else _people().filter(pk=profile_id)
    return people.order_by("-pk").values_list("pk", flat=True).first()


def sample_subscribers() -> list[Recipient]:
    """Return some of the newest people who get marketing by e-mail."""
    newest = Profile.objects.order_by("-pk").values_list("pk", flat=True)[:LOOKED_AT]
    rows = _people().filter(pk__in=list(newest), email_consent=ConsentState.SUBSCRIBED)
    ids = list(rows.order_by("-pk").values_list("pk", flat=True)[:SAMPLE])
    return list(find_recipients(ids).values())


def find_last_orders(profile_ids: Sequence[int]) -> dict[int, int]:
    """Return the newest order that counts of each of some people who have one."""
    rows = Order.objects.filter(profile_id__in=profile_ids, is_counted=True)
    newest = rows.order_by("profile_id", "-ordered_at", "-pk").distinct("profile_id")
    return dict(newest.values_list("profile_id", "pk"))


def _people() -> QuerySet[Profile]:
    return Profile.objects.filter(merged_into__isnull=True, erased_at__isnull=True)
