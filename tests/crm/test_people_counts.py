"""How many people a list has, counted by other rows than it is listed by."""

from datetime import UTC, datetime

import pytest

from crm.models import ProfileFacts
from crm.queries.people_filters import list_countries
from crm.services.checks import find_differences
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from segments.services.rfm import score_all
from tenants.models import Tenant
from tests.crm.test_people import counted, known, shown
from tests.factories.samples import make_profile

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def test_people_who_are_gone_are_counted_in_no_list(tenant: Tenant) -> None:
    facts = {"order_count": 2, "net_minor": 900, "last_order_at": NOON, "last_seen_at": NOON}
    known("Stays", **facts)
    gone, winner, loser = (known(name, **facts) for name in ("Gone", "Winner", "Loser"))
    erase_profiles([gone.pk])
    merge_profiles([(winner.pk, loser.pk)], rule="manual")
    for query in (
        "orders=2%2B",
        "revenue_min=9",
        "sort=-seen",
        "seen_from=2026-05-30&sort=-seen",
        "last_order_from=2026-05-02&orders=2&sort=-last",
        "country=GB",
        "orders=2&country=GB",
        "sort=-revenue",
    ):
        assert shown(query) == ["Stays", "Winner"], query
        assert counted(query) == 2, query


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("revenue_min=0", ["Figures", "None"]),
        ("revenue_min=0.001", ["Figures", "None"]),  # less than a penny is nothing
        ("revenue_min=0.01", ["Figures"]),
        ("order_count_min=0", ["Figures", "None"]),
        ("order_count_min=1", ["Figures"]),
        ("orders=0", ["None"]),
        ("orders=1%2B", ["Figures"]),
    ],
)
def test_who_has_no_figures_has_zeros(tenant: Tenant, query: str, found: list[str]) -> None:
    known("Figures", order_count=2, net_minor=900)
    make_profile(first_name="None")
    assert shown(query) == found
    assert counted(query) == len(found)


def test_a_group_is_counted_like_it_is_listed(tenant: Tenant) -> None:
    facts = {"lookback_order_count": 1, "lookback_net_minor": 500, "last_order_at": NOON}
    first, second = (known(name, order_count=1, **facts) for name in ("First", "Second"))
    known("None")
    score_all(NOON)
    assert shown("rfm_group=potential") == ["First", "Second"]
    assert counted("rfm_group=potential") == 2
    assert counted("rfm_group=potential&sort=-last") == 2
    assert counted("rfm_group=potential&q=first") == 1
    assert counted("rfm_group=champions") == 0

    merge_profiles([(first.pk, second.pk)], rule="manual")
    assert shown("rfm_group=potential") == ["First"]
    assert counted("rfm_group=potential") == 1


def test_countries_are_offered_by_name_and_only_those_of_people_who_live(tenant: Tenant) -> None:
    for country in ("DE", "GB", "", "GB", "AT"):
        make_profile(country=country)
    erase_profiles([make_profile(country="FR").pk])
    assert list_countries() == [
        ("AT", "Austria"),
        ("DE", "Germany"),
        ("GB", "United Kingdom"),
    ]


def test_facts_of_somebody_who_is_gone_are_found(tenant: Tenant) -> None:
    gone = make_profile()
    erase_profiles([gone.pk])
    ProfileFacts.objects.create(profile=gone, last_seen_at=NOON)
    assert find_differences() == [f"facts of profile {gone.pk}: it was merged or erased"]
