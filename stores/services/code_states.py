"""Codes in sets: what became of many at a store, and the end of many."""

from collections.abc import Sequence

from django.db import transaction

from kernel import clock
from stores.choices import WriteKind, WriteState
from stores.domain.codes import stamp
from stores.domain.writing import USUAL
from stores.models import StoreWrite
from stores.services.wishing import keep_wishes
from stores.services.writing import CodeState, lock_lane


@transaction.atomic
def list_code_states(store_id: int, codes: Sequence[str]) -> dict[str, CodeState]:
    """Return what became of codes at a store, by code in capitals; unknown ones are left out."""
    rows = StoreWrite.objects.filter(
        lane__store_id=store_id,
        lane__kind=WriteKind.CODES,
        subject__in=[code.strip().upper() for code in codes],
    )
    return {
        row.subject: CodeState(
            row.value.get("code", row.subject),
            row.state,
            bool(row.value.get("is_active")),
            row.reason,
        )
        for row in rows
    }


@transaction.atomic
def deactivate_codes(store_id: int, codes: Sequence[str]) -> int:
    """Have a store take codes no more, in a handful of statements; a repeat changes nothing.

    Codes that the store was never asked to take are left out.

    Returns:
        Codes whose end is new.

    Raises:
        Conflict: the store is not connected.
        Invalid: the platform takes none.
    """
    lane = lock_lane(store_id, WriteKind.CODES)
    if not lane.is_on:
        return 0
    now = stamp(clock.now())
    rows = StoreWrite.objects.filter(
        lane_id=lane.pk,
        subject__in=[code.strip().upper() for code in codes],
        value__is_active=True,
    ).exclude(state=WriteState.SUPERSEDED)
    wishes = [
        (lane.pk, row.subject, {**row.value, "is_active": False, "ended_at": now}, USUAL, False)
        for row in rows.order_by("subject")
    ]
    keep_wishes(lane, wishes)
    return len(wishes)
