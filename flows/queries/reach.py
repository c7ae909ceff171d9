"""On which channels people can be written to, which one is theirs, and what is in stock."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db.models import Max
from django.db.models.functions import Greatest

from crm.choices import Channel, ConsentState
from crm.models import Profile
from crm.queries.reach import find_reach
from crm.queries.stock import find_stock
from messaging.models import Message, PushToken
from messaging.queries.accounts import find_served_channels
from messaging.queries.devices import REACHED

MARKETING: Final = frozenset({"promotional", "behavioural"})
PLENTY: Final = 1_000_000
"""Pieces of what nobody counts."""


def find_channels(
    profile_ids: Collection[int], channels: Collection[str], message_class: str, now: datetime
) -> dict[int, frozenset[str]]:
    """Return the channels on which each of some profiles can be written to.

    Args:
        profile_ids: of the active tenant.
        channels: words of `crm.choices.Channel` that are asked for; one without an account reaches
            nobody, but for e-mail, which leaves over the installation's server then.
        message_class: promotional and behavioural messages need consent and no suppression; the
            others an address that is not given up.
        now: aware; a suppression may have an end.
    """
    people = list(Profile.objects.filter(pk__in=set(profile_ids)))
    wanted = set(channels) & {Channel.EMAIL.value, *find_served_channels()}
    enough = {"yes"} if message_class in MARKETING else {"yes", "partly"}
    found: dict[int, set[str]] = {person.pk: set() for person in people}
    for person, reaches in zip(people, find_reach(people, now), strict=True):
        found[person.pk] |= {str(each.channel) for each in reaches if each.level in enough}
    if Channel.PUSH in wanted:
        held = PushToken.objects.filter(
            REACHED, profile_id__in=found, gone_at=None, account__removed_at=None
        )
        with_device = set(held.values_list("profile_id", flat=True))
        for person in people:
            agreed = person.push_consent == ConsentState.SUBSCRIBED or enough != {"yes"}
            if person.pk in with_device and agreed:
                found[person.pk].add(str(Channel.PUSH))
    return {key: frozenset(able & wanted) for key, able in found.items()}


def last_channels(
    profile_ids: Collection[int], channels: Collection[str], *, since: datetime
) -> dict[int, str]:
    """Return the channel on which each profile last opened or clicked something since then."""
    rows = (
        Message.objects.filter(profile_id__in=set(profile_ids), channel__in=channels)
        .annotate(seen_at=Greatest("opened_at", "clicked_at"))
        .filter(seen_at__gt=since)
        .values("profile_id", "channel")
        .annotate(last=Max("seen_at"))
        .order_by("last")
    )
    return {row["profile_id"]: row["channel"] for row in rows}


def find_left(variant_ids: Collection[int]) -> dict[int, int]:
    """Return the pieces left of variants that can be bought; what is not counted is plenty."""
    if not variant_ids:
        return {}
    shelf = find_stock(set(), set(variant_ids), set())
    return {
        key: PLENTY if stock.left is None else stock.left
        for key, stock in shelf.variants.items()
        if stock.can_be_bought
    }
