"""Locks in one order: two who need the same rows never wait for each other in a circle."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event as Signal

import pytest
from django.db import connections, transaction

from crm.models import Profile
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from crm.types import EventRef
from kernel.tenancy import tenant_scope
from segments.models import MembershipChange, Segment
from segments.queries.listing import list_member_ids
from segments.services.live import refresh_for_events
from segments.services.segments import update_segment
from segments.services.upkeep import lock_upkeep
from tenants.models import Tenant
from tests.factories.segments import make_buyer, make_segment
from tests.support.database import until_somebody_waits

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
TWO = {"field": "order_count", "is": ">=", "value": 2}
PATIENCE = 120
pytestmark = [pytest.mark.usefixtures("broker"), pytest.mark.django_db(transaction=True)]


def run_both(tenant: Tenant, holder: Callable[[], object], other: Callable[[], object]) -> None:
    """Let one take the row of upkeep, the other begin and wait, then the first go on."""
    is_held, may_go_on = Signal(), Signal()

    def first() -> None:
        with transaction.atomic():
            lock_upkeep()
            is_held.set()
            assert may_go_on.wait(PATIENCE)
            holder()

    def second() -> None:
        assert is_held.wait(PATIENCE)
        other()

    def run(work: Callable[[], object]) -> None:
        try:
            with tenant_scope(tenant.pk):
                work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(run, work) for work in (first, second)]
        until_somebody_waits(lambda: any(each.done() for each in done))
        assert not done[0].done()
        may_go_on.set()
        for each in done:
            each.result(PATIENCE)


@pytest.mark.parametrize("other", ["edit", "erase"])
def test_whoever_needs_a_segment_and_upkeep_takes_upkeep_first(tenant: Tenant, other: str) -> None:
    with transaction.atomic():
        ada = make_buyer(orders=2, last_order_at=NOW, first_name="Ada", email="ada@example.com")
        definition = {"field": "city", "is": "=", "value": "ada@example.com"}
        segment = make_segment(definition, "Regulars")
        lock_upkeep()

    def count() -> None:
        Segment.objects.filter(pk=segment.pk).update(member_count=5)

    def work() -> None:
        if other == "edit":
            update_segment(segment.pk, definition=TWO)
        else:
            erase_profiles([ada])

    run_both(tenant, count, work)

    with transaction.atomic():
        segment.refresh_from_db()
        assert segment.definition != definition
        assert segment.member_count == 5


def test_a_merge_waits_for_a_live_refresh_of_the_same_people_before_it_locks_them(
    tenant: Tenant,
) -> None:
    with transaction.atomic():
        winner, loser = (make_buyer(orders=2, last_order_at=NOW) for _ in range(2))
        regulars = make_segment(TWO, "Regulars")
        lock_upkeep()

    def live() -> None:
        refresh_for_events([EventRef(1, "Order Placed", NOW, loser, None, False)])

    run_both(tenant, live, lambda: merge_profiles([(winner, loser)], rule="manual"))

    with transaction.atomic():
        assert Profile.objects.get(pk=loser).merged_into_id == winner
        assert list_member_ids(regulars.pk) == []
        moves = MembershipChange.objects.filter(segment_id=regulars.pk).order_by("id")
        assert list(moves.values_list("profile_id", "entered", "cause")) == [
            (loser, True, "event"),
            (loser, False, "merge"),
        ]
