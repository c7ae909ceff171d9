"""Points that a flow gives to many people at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from kernel import clock
from kernel.arrays import array, columns
from kernel.sql import run_sql
from loyalty.services.ledger import carry_over
from loyalty.types import Posted


@dataclass(frozen=True, slots=True)
class NewAward:
    """Points for one person.

    Attributes:
        points: whole points, 1 or more.
        source_key: its cause, the same however often it is tried.
        actor: who gives them, such as ``flow:12``.
    """

    profile_id: int
    points: int
    source_key: str
    note: str
    actor: str


@transaction.atomic
def post_awards(awards: Sequence[NewAward]) -> int:
    """Post awards, those of one cause once for ever, in a handful of statements.

    Returns:
        Entries that are really new.
    """
    if not awards:
        return 0
    now = clock.now()
    owners = sorted({award.profile_id for award in awards})
    run_sql("loyalty.open_accounts_of", profile_ids=array(owners))
    run_sql("loyalty.lock_balances", profile_ids=owners)
    rows = [
        (award.profile_id, award.points, award.source_key, award.note, award.actor)
        for award in awards
    ]
    names = "profile_ids points source_keys notes actors"
    posted = [
        Posted.read(row) for row in run_sql("loyalty.post_awards", now=now, **columns(names, rows))
    ]
    carry_over(posted, history=frozenset(), now=now)
    return len(posted)
