"""Reads of the points ledger."""

from collections.abc import Collection, Sequence

from django.db.models import Q

from crm.models import Event, Order, Profile, Refund
from crm.panels import EventWords
from kernel import clock
from loyalty.choices import EntryKind
from loyalty.domain.tiers import DOWN
from loyalty.models import PointsAccount, PointsEntry, PointsLot, Program

_NOT_BY_HAND = (EntryKind.OPEN, EntryKind.EXPIRE)
TIER_CHANGED = "Loyalty Tier Changed"
EVENTS = (
    "Points Earned",
    "Points Reversed",
    "Points Activated",
    "Points Expiring",
    "Points Expired",
    TIER_CHANGED,
)


def find_program() -> Program | None:
    """Return the tenant's program, or None before it was set up."""
    return Program.objects.first()


def balance_of(profile_id: int) -> int:
    """Return the balance of a profile in points; 0 without an account."""
    account = PointsAccount.objects.filter(profile_id=profile_id).first()
    return account.balance if account else 0


def usable_of(profile_id: int) -> int:
    """Return how many points of a profile can be redeemed now: neither waiting nor expired."""
    lots = PointsLot.objects.filter(profile_id=profile_id, remaining__gt=0, is_pending=False)
    lots = lots.filter(Q(expires_at=None) | Q(expires_at__gt=clock.now()))
    return sum(lots.values_list("remaining", flat=True))


def entries_of(profile_id: int, *, before: int | None = None, limit: int = 50) -> list[PointsEntry]:
    """Return entries of a profile, newest first.

    Args:
        profile_id: owner.
        before: only entries with a lower id, for the next page; None starts at the newest.
        limit: most entries returned.
    """
    entries = PointsEntry.objects.filter(profile_id=profile_id)
    if before is not None:
        entries = entries.filter(pk__lt=before)
    return list(entries.order_by("-id")[:limit])


def list_entries(*, before: int | None = None, limit: int = 50) -> list[PointsEntry]:
    """Return entries of all profiles, newest first; ``before`` and ``limit`` as for one."""
    entries = PointsEntry.objects.all()
    if before is not None:
        entries = entries.filter(pk__lt=before)
    return list(entries.order_by("-id")[:limit])


def entries_of_order(order_id: int) -> list[PointsEntry]:
    """Return what an order moved, oldest first."""
    entries = PointsEntry.objects.filter(order_id=order_id).select_related("profile")
    return list(entries.order_by("pk"))


def orders_of_refunds(refund_ids: Sequence[int]) -> dict[int, int]:
    """Return the order of each refund whose order is known, by refund."""
    found = Refund.objects.filter(pk__in=refund_ids, order__isnull=False)
    return {pk: order_id for pk, order_id in found.values_list("pk", "order_id") if order_id}


def owners_of(order_ids: Collection[int]) -> set[int]:
    """Return the profiles of some orders."""
    owned = Order.objects.filter(pk__in=order_ids, profile__isnull=False)
    return {pk for pk in owned.values_list("profile_id", flat=True) if pk}


def find_with_points(profile_ids: Sequence[int]) -> set[int]:
    """Return which of some profiles have points that a person moved, or points left.

    Opening balances that were posted back are none, and what expired was nobody's deed.
    """
    entries = PointsEntry.objects.filter(profile_id__in=profile_ids)
    by_hand = entries.filter(order_id=None).exclude(kind__in=_NOT_BY_HAND)
    left = PointsAccount.objects.filter(profile_id__in=profile_ids).exclude(balance=0)
    found = by_hand.values_list("profile_id", flat=True).union(
        left.values_list("profile_id", flat=True)
    )
    return set(found)


def find_openings(source_keys: Collection[str]) -> dict[str, tuple[int, int]]:
    """Return points and owner of the opening entries that exist, by source key."""
    rows = PointsEntry.objects.filter(kind=EntryKind.OPEN, source_key__in=source_keys)
    found = rows.values_list("source_key", "points", "profile_id")
    return {key: (points, profile_id) for key, points, profile_id in found}


def is_profile(profile_id: int) -> bool:
    """Say whether a profile exists in this tenant."""
    return Profile.objects.filter(pk=profile_id).exists()


def is_live_profile(profile_id: int) -> bool:
    """Say whether a profile was neither merged nor erased."""
    return Profile.objects.filter(pk=profile_id, merged_into=None, erased_at=None).exists()


def speak_points(events: Sequence[Event]) -> dict[int, EventWords]:
    """Word movements of points for the timeline."""
    return {
        event.pk: _speak_tier(event) if event.name == TIER_CHANGED else _speak(event)
        for event in events
    }


def numbers_of_orders(order_ids: Collection[int]) -> dict[int, str]:
    """Return what people call some orders, by id."""
    rows = Order.objects.filter(pk__in=order_ids).values_list("pk", "number", "external_id")
    return {pk: number or external_id for pk, number, external_id in rows}


def _speak_tier(event: Event) -> EventWords:
    before, after = event.properties.get("from", ""), event.properties.get("to", "")
    text = f"Before that: {before}" if before else ""
    if not after:
        return EventWords("star", "Has no loyalty tier any more", text)
    if event.properties.get("direction") == DOWN:
        return EventWords("star", f"Fell to the tier {after}", text)
    return EventWords("star", f"Reached the tier {after}", text, "good")


_BY_TIME = {
    "Points Activated": "{points} points can be used now",
    "Points Expiring": "Was due to lose {points} points soon",
    "Points Expired": "{points} points expired",
}


def _speak(event: Event) -> EventWords:
    points = abs(int(event.properties.get("points", 0)))
    balance = event.properties.get("balance")
    text = "" if balance is None else f"Balance {int(balance):,}"
    if event.name in _BY_TIME:
        return EventWords("clock", _BY_TIME[event.name].format(points=f"{points:,}"), text)
    if event.properties.get("kind") == EntryKind.ADJUST and not event.properties.get("order_id"):
        title = f"Got {points:,} points by hand" if event.name == "Points Earned" else ""
        return EventWords("star", title or f"{points:,} points were taken by hand", text, "accent")
    if event.properties.get("kind") == EntryKind.OPEN:
        return EventWords("star", f"Brought {points:,} points along", text, "accent")
    if event.name == "Points Earned":
        return EventWords("star", f"Earned {points:,} points", text, "good")
    return EventWords("return", f"Gave back {points:,} points", text)
