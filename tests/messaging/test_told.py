"""What was told of one message comes to the same in any order."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from messaging.domain.told import Said, sum_up

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def said(kind: str, minutes: int, **more: object) -> Said:
    return Said(kind, NOON + timedelta(minutes=minutes), **more)  # type: ignore[arg-type] # parts of Said


@pytest.mark.covers("C8")
def test_the_order_in_which_things_are_told_plays_no_part() -> None:
    told = [
        said("sent", 0),
        said("bounced_soft", 1, code="mailbox_full", detail="452 later"),
        said("delivered", 2),
        said("read", 3),
    ]

    fates = [sum_up(each) for each in permutations(told)]

    assert all(fate == fates[0] for fate in fates)
    fate = fates[0]
    assert fate.delivered == NOON + timedelta(minutes=2)
    assert fate.opened == fate.arrival == NOON + timedelta(minutes=3)
    assert (fate.failure, fate.reason) == (NOON + timedelta(minutes=1), "bounced_soft")
    assert fate.detail == "mailbox_full: 452 later"
    assert fate.taken == NOON


def test_a_message_that_was_read_was_delivered() -> None:
    assert sum_up([said("read", 5)]).delivered == NOON + timedelta(minutes=5)


def test_the_last_failure_says_why() -> None:
    fate = sum_up([said("bounced_hard", 9, code="550"), said("bounced_soft", 1, code="450")])

    assert (fate.reason, fate.detail) == ("bounced_hard", "550")


def test_an_opening_by_a_machine_proves_nothing() -> None:
    fate = sum_up([said("opened", 1, is_machine=True), said("clicked", 1, is_machine=True)])

    assert (fate.opened, fate.clicked, fate.arrival) == (None, None, None)


def test_putting_off_is_no_failure() -> None:
    fate = sum_up([said("deferred", 1, detail="greylisted")])

    assert (fate.failure, fate.put_off) == (None, "greylisted")
