from datetime import timedelta
from decimal import Decimal

import pytest

from crm.models import Profile, ProfileFacts, Reaction, Store
from crm.services import facts
from crm.services.checks import find_differences
from crm.types import EventRef
from tests.factories.crm import NOON, apply, line, make_store, order, refund

pytestmark = [pytest.mark.usefixtures("noting_handlers", "tenant"), pytest.mark.django_db]
DAY = timedelta(days=1)


@pytest.fixture
def store() -> Store:
    return make_store()


def refreshed() -> ProfileFacts:
    """Refresh as the handler would, whose reactions are done then."""
    Reaction.objects.all().delete()
    facts.refresh_facts([Profile.objects.get(merged_into=None).pk], NOON)
    return ProfileFacts.objects.get()


def ref(name: str, profile_id: int, hours: int = 0) -> EventRef:
    return EventRef(1, name, NOON + timedelta(hours=hours), profile_id, None, is_backfill=False)


def test_figures_of_a_buyer(store: Store) -> None:
    apply(
        store,
        order("1", ordered_at=NOON - 40 * DAY, lines=[line("1"), line("2", category="Art")]),
        order("2", ordered_at=NOON - 10 * DAY, gross_minor=2500),
        order("3", ordered_at=NOON - 15 * DAY, gross_minor=500),
        order("4", ordered_at=NOON, cancelled_at=NOON, gross_minor=7777),
        refund("r1", order_external_id="2", amount_minor=700),
        refund("r2", order_external_id="4", amount_minor=7777),
    )

    row = refreshed()
    assert (row.order_count, row.gross_minor, row.refunded_minor, row.net_minor) == (
        3,
        4000,
        700,
        3300,
    )
    assert (row.first_order_at, row.last_order_at) == (NOON - 40 * DAY, NOON - 10 * DAY)
    assert row.days_between_orders == Decimal("15.00")
    assert row.categories == ["Art", "Bath"]
    assert (row.lookback_order_count, row.lookback_net_minor) == (3, 3300)
    assert row.lookback_from == NOON - 40 * DAY


def test_a_fully_refunded_order_still_counts_and_adds_nothing(store: Store) -> None:
    apply(store, order(), refund(amount_minor=1000))

    row = refreshed()
    assert (row.order_count, row.gross_minor, row.net_minor) == (1, 1000, 0)
    assert row.days_between_orders is None


def test_an_order_without_a_rate_counts_and_adds_no_money(store: Store) -> None:
    apply(store, order("1"), order("2", currency="JPY"))

    row = refreshed()
    assert (row.order_count, row.gross_minor) == (2, 1000)


def test_only_documents_of_the_last_24_months_are_in_the_look_back(store: Store) -> None:
    apply(
        store,
        order("1", ordered_at=NOON.replace(year=2024)),
        order("2", ordered_at=NOON.replace(year=2024) + timedelta(seconds=1), gross_minor=30),
        refund("r1", order_external_id="1", refunded_at=NOON - DAY, amount_minor=5),
    )

    row = refreshed()
    assert (row.order_count, row.lookback_order_count, row.lookback_net_minor) == (2, 1, 25)


def test_a_document_that_leaves_the_look_back_is_noticed(store: Store) -> None:
    apply(store, order(ordered_at=NOON.replace(year=2024) + DAY))
    profile_id = refreshed().profile_id

    assert facts.refresh_fallen_out(NOON) == []
    assert facts.refresh_fallen_out(NOON + DAY) == [profile_id]
    row = ProfileFacts.objects.get()
    assert (row.order_count, row.lookback_order_count, row.lookback_from) == (1, 0, None)
    assert facts.refresh_fallen_out(NOON + 2 * DAY) == []
    assert find_differences() == []


def test_only_rows_that_differ_are_written(store: Store) -> None:
    apply(store, order())
    first = refreshed()

    assert facts.refresh_facts([first.profile_id], NOON + DAY) == []
    assert ProfileFacts.objects.get().refreshed_at == NOON


def test_scoring_a_past_day_leaves_out_what_came_later(store: Store) -> None:
    apply(store, order("1", ordered_at=NOON - DAY), order("2", ordered_at=NOON + DAY))

    facts.refresh_all(NOON, until=NOON)
    assert ProfileFacts.objects.get().order_count == 1
    facts.refresh_all(NOON)
    assert ProfileFacts.objects.get().order_count == 2


def test_events_refresh_figures_and_move_engagement(store: Store) -> None:
    apply(store, order())
    profile_id = Profile.objects.get().pk

    facts.refresh_for_events(
        [
            ref("Order Placed", profile_id),
            ref("Message Opened", profile_id, 2),
            ref("Message Opened", profile_id, 1),
            ref("Message Clicked", profile_id, 3),
        ]
    )
    facts.refresh_for_events([ref("Message Opened", profile_id)])

    row = ProfileFacts.objects.get()
    assert row.order_count == 1
    assert row.last_opened_at == NOON + timedelta(hours=2)
    assert row.last_clicked_at == NOON + timedelta(hours=3)


def test_owners_write_their_columns_where_they_differ(store: Store) -> None:
    apply(store, order())
    profile_id = refreshed().profile_id

    assert facts.write_rfm([(profile_id, 5, 1, 3, "potential")]) == [profile_id]
    assert facts.write_rfm([(profile_id, 5, 1, 3, "potential")]) == []
    chosen = (
        "SELECT f.profile_id, 4::smallint, 1::smallint, 3::smallint, %(group)s "
        "FROM crm_profilefacts AS f WHERE f.tenant_id = %(tenant_id)s"
    )
    facts.write_rfm_from(chosen, group="promising")
    assert facts.write_points([(profile_id, 10, 4, 3, NOON)]) == [profile_id]
    assert facts.write_points([(profile_id, 10, 4, 3, NOON)]) == []
    row = ProfileFacts.objects.get()
    assert (row.recency, row.frequency, row.monetary, row.rfm_group) == (4, 1, 3, "promising")
    assert (row.points_balance, row.order_count) == (10, 1)
    assert (row.points_pending, row.points_expiring, row.points_expire_at) == (4, 3, NOON)


def test_wrong_figures_are_named(store: Store) -> None:
    apply(store, order())
    profile_id = refreshed().profile_id
    assert find_differences() == []

    ProfileFacts.objects.update(net_minor=5)
    (difference,) = find_differences()
    assert difference.startswith(f"facts of profile {profile_id}: (1,1000,0,5,")
