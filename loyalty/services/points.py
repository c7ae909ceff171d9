"""One movement of points by hand or by one cause; orders are posted by the batch instead."""

from django.db import transaction

from kernel import clock
from kernel.errors import NotFound
from kernel.sql import count_sql
from loyalty.choices import EntryKind
from loyalty.errors import InsufficientPoints
from loyalty.models import PointsAccount, PointsEntry
from loyalty.queries.ledger import is_profile, usable_of
from loyalty.services.ledger import carry_over
from loyalty.types import Posted


def lock_account(profile_id: int) -> PointsAccount:
    """Return the account of a profile, opened on first use, locked until the transaction ends.

    Raises:
        NotFound: there is no such profile.
    """
    if not is_profile(profile_id):
        raise NotFound("This profile does not exist.")
    count_sql("loyalty.open_account", profile_id=profile_id)
    return PointsAccount.objects.select_for_update(no_key=True).get(profile_id=profile_id)


@transaction.atomic
def post_entry(
    *,
    profile_id: int,
    kind: EntryKind,
    points: int,
    source_key: str,
    actor: str = "system",
    note: str = "",
) -> PointsEntry:
    """Post one movement and bring the balance along.

    Args:
        profile_id: owner of the account, which is opened on first use.
        kind: why the points move.
        points: signed whole points; negative takes points away.
        source_key: identity of the cause, such as ``order:1001``.
        actor: who did it.
        note: why, in words.

    Returns:
        The entry; the existing one when ``(kind, source_key)`` was posted before.

    Raises:
        InsufficientPoints: the balance would fall below zero, or points are redeemed that cannot
            be used yet.
        NotFound: there is no such profile.
    """
    account = lock_account(profile_id)
    if posted := PointsEntry.objects.filter(kind=kind, source_key=source_key).first():
        return posted
    held = usable_of(profile_id) if kind == EntryKind.REDEEM else account.balance
    if points < 0 and held + points < 0:
        raise InsufficientPoints(f"{-points} points asked, {held} held")
    now = clock.now()
    entry = PointsEntry.objects.create(
        profile_id=profile_id,
        kind=kind,
        points=points,
        source_key=source_key,
        effective_at=now,
        actor=actor,
        note=note,
    )
    moved = Posted(
        entry_id=entry.pk,
        profile_id=profile_id,
        kind=kind,
        points=points,
        source_key=source_key,
        order_id=None,
        effective_at=now,
    )
    carry_over([moved], history=frozenset(), now=now)
    return entry
