"""Orders of nobody that carry an address: to whom each would go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from crm.choices import IdentityKind
from crm.domain.repairs import read_email
from crm.models import Identity, Order

LOOKED_AT: Final = 1_000
"""Orders that a preview reads; a page writes 1,000+."""
SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Stray:
    """One order that can be linked, and by which address.

    Attributes:
        raw: the address as it was told.
        meant: as it is read.
        person: whom it points at; empty for somebody who is not known yet.
    """

    order_id: int
    name: str
    store: str
    ordered_at: datetime
    raw: str
    meant: str
    person: str = ""
    profile_id: int | None = None


@dataclass(frozen=True, slots=True)
class Strays:
    """What linking would do.

    Attributes:
        shown: the first ones, store by store.
        count: how many were found among those that were looked at.
        riddles: how many carry an address that can mean several, and stay.
        has_more: not all were looked at.
    """

    shown: Sequence[Stray]
    count: int
    riddles: int
    has_more: bool


def find_strays() -> QuerySet[Order]:
    """Return orders of nobody that carry an address, store by store, oldest id first."""
    found = Order.objects.filter(profile__isnull=True, is_test=False).exclude(email="")
    return found.order_by("store_id", "pk")


def preview_strays() -> Strays:
    """Return to whom orders of nobody would go by the addresses they carry."""
    found = list(find_strays().select_related("store")[: LOOKED_AT + 1])
    looked_at = found[:LOOKED_AT]
    strays = [
        Stray(order.pk, str(order), order.store.name, order.ordered_at, order.email, meant)
        for order in looked_at
        if (meant := read_email(order.email))
    ]
    return Strays(
        shown=_with_people(strays[:SHOWN]),
        count=len(strays),
        riddles=len(looked_at) - len(strays),
        has_more=len(found) > LOOKED_AT,
    )


def _with_people(strays: Sequence[Stray]) -> list[Stray]:
    rows = Identity.objects.filter(
        kind=IdentityKind.EMAIL, value_norm__in={stray.meant for stray in strays}
    ).select_related("profile")
    owners = {row.value_norm: row.profile for row in rows}
    return [
        Stray(
            stray.order_id,
            stray.name,
            stray.store,
            stray.ordered_at,
            stray.raw,
            stray.meant,
            str(owner) if (owner := owners.get(stray.meant)) else "",
            owner.pk if owner else None,
        )
        for stray in strays
    ]
