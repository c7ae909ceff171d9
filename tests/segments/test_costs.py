"""What a definition costs: said before it is saved, and stopped when it takes too long."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from kernel.clock import simulated
from kernel.sql import execute, whole_tenant
from segments.choices import Cause
from segments.models import Segment
from segments.queries import review
from segments.queries.conditions import (
    FROM_PROFILES,
    LIVE_PROFILES,
    get_compiler,
    parse_definition,
)
from segments.queries.costs import estimate_seconds
from segments.queries.listing import list_member_ids
from segments.services import rebuild as rebuilding
from segments.services.checks import find_differences
from segments.services.rebuild import rebuild
from segments.services.segments import create_segment, update_segment
from tenants.models import Tenant
from tests.factories.samples import make_event, make_profile
from tests.factories.segments import make_buyer, make_segment
from tests.factories.tenants import sign_in

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
BASE = "/t/ada-soap/segments/"
ORDERS = {"field": "order_count", "is": ">=", "value": 1}
VIEWS = {"event": "Product Viewed", "count": {"is": ">=", "value": 3}}


@pytest.fixture
def client(tenant: Tenant) -> Client:
    return sign_in(tenant)


def post(client: Client, definition: dict[str, Any], **fields: Any) -> tuple[int, str]:
    body = {"name": "Mine", "definition": json.dumps(definition), **fields}
    response = client.post(f"{BASE}new/", body)
    return response.status_code, response.content.decode()


@pytest.mark.django_db
def test_events_cost_more_than_figures(tenant: Tenant) -> None:
    cheap, dear = (estimate_seconds(parse_definition(one), NOW) for one in (ORDERS, VIEWS))
    assert 0 < cheap < dear


def test_lines_and_products_are_looked_up_order_by_order_for_everybody(tenant: Tenant) -> None:
    asked = {"bought": {"category": "Tea", "brand": "Leaf"}, "within": {"days": 60}}
    compiler = get_compiler(NOW, {})
    condition = compiler.compile(parse_definition(asked))
    statement = f"EXPLAIN SELECT {condition} AS holds {FROM_PROFILES} {compiler.joined()}"
    with whole_tenant():
        execute("SET LOCAL enable_seqscan = off")  # as of many rows
        rows = execute(f"{statement} WHERE {LIVE_PROFILES}", **compiler.params)
    plan = "\n".join(row[0] for row in rows)
    assert "Semi Join" not in plan
    assert "order_id = o.id" in plan
    assert "id = l.product_id" in plan


def test_events_are_looked_up_in_the_years_that_have_any(tenant: Tenant) -> None:
    ada = make_profile()
    for year in (2024, 2026, 2026):
        make_event(ada, name="Product Viewed", occurred_at=datetime(year, 1, 1, tzinfo=UTC))
    compiler = get_compiler(NOW, {})
    condition = compiler.compile(parse_definition(VIEWS))
    read = f"{FROM_PROFILES} {compiler.joined()} WHERE {LIVE_PROFILES}"
    asked = f"SELECT {condition} AS holds {read}"
    plan = "\n".join(row[0] for row in execute(f"EXPLAIN {asked}", **compiler.params))
    years = {year for year in range(2009, 2031) if f"crm_event_{year}" in plan}
    assert (years, "crm_event_default" in plan) == ({2024, 2025, 2026}, False)
    assert [row.holds for row in execute(asked, **compiler.params)] == [True]


def test_what_happens_at_new_year_is_seen_by_who_began_to_look_before(tenant: Tenant) -> None:
    ada = make_profile()
    make_event(ada, name="Product Viewed", occurred_at=datetime(2026, 1, 1, tzinfo=UTC))
    began = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    compiler = get_compiler(began, {})
    condition = compiler.compile(parse_definition({**VIEWS, "count": {"is": "=", "value": 2}}))
    make_event(ada, name="Product Viewed", occurred_at=began + timedelta(seconds=2))
    read = f"{FROM_PROFILES} {compiler.joined()} WHERE {LIVE_PROFILES}"
    rows = execute(f"SELECT {condition} AS holds {read}", **compiler.params)
    assert [row.holds for row in rows] == [True]


def test_the_same_as_another_segment_is_said_once_before_it_is_saved(client: Client) -> None:
    with simulated(NOW):
        create_segment(name="Buyers", definition=ORDERS)
    again = {"op": "and", "children": [{**ORDERS, "value": "1.0"}]}
    status, shown = post(client, again)
    assert status == 422
    assert "This is the same as the segment “Buyers”." in shown
    assert "Save anyway" in shown
    assert Segment.objects.count() == 1
    mark = Segment.objects.get().digest
    assert f'name="reviewed" value="{mark}"' in shown
    # Another definition is looked at anew.
    assert post(client, {**ORDERS, "value": 2}, reviewed=mark)[0] == 302
    assert post(client, again, reviewed=mark, name="Again")[0] == 302
    assert Segment.objects.filter(digest=mark).count() == 2


def test_a_slow_definition_is_explained_before_it_is_saved(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "SLOW_SECONDS", 0)
    status, shown = post(client, {"op": "and", "children": [ORDERS, VIEWS]})
    assert status == 422
    assert "Counting everybody will take about 0 seconds." in shown
    assert "Most of it is for: “Product Viewed”: at least 3 times." in shown
    assert not Segment.objects.exists()


SLOW = {
    "op": "or",
    "children": [{"event": "Slow"}, {"field": "city", "is": "=", "value": "slow"}],
}


@pytest.mark.django_db
def test_what_takes_too_long_is_stopped_marked_and_keeps_its_members(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = make_buyer(last_order_at=NOW, city="slow")
    slow, quick = make_segment(SLOW, "Slow"), make_segment(ORDERS, "Quick")
    with simulated(NOW):
        rebuild(NOW, Cause.DEFINITION)
    assert list_member_ids(slow.pk) == [ada]
    _make_slow(monkeypatch)
    later = NOW + timedelta(hours=1)
    bob = make_buyer(last_order_at=NOW, city="slow")
    with simulated(later):
        rebuild(later, Cause.REFERENCE)
        assert find_differences() == []
    slow.refresh_from_db()
    quick.refresh_from_db()
    assert (slow.stopped_at, slow.refreshed_at) == (later, NOW)
    assert (quick.stopped_at, quick.refreshed_at) == (None, later)
    assert list_member_ids(slow.pk) == [ada]
    assert list_member_ids(quick.pk) == [ada, bob]

    monkeypatch.undo()
    with simulated(later):
        update_segment(slow.pk, definition={"field": "city", "is": "=", "value": "slow"})
        rebuild(later, Cause.DEFINITION)
    slow.refresh_from_db()
    assert slow.stopped_at is None
    assert list_member_ids(slow.pk) == [ada, bob]


def _make_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a condition count to many millions, and allow less time than that takes."""
    from segments.domain import compile_events  # noqa: PLC0415 it is changed for this test alone
    from segments.queries import together  # noqa: PLC0415 likewise

    heavy = "(SELECT count(*) FROM generate_series(1, 100000000)) > 0"
    before = compile_events.happened

    def happened(query: Any, name: str, event: str) -> list[str]:
        return [*before(query, name, event), heavy]

    monkeypatch.setattr("segments.domain.compile_happenings.happened", happened)
    monkeypatch.setattr(together, "_compile", together._compile.__wrapped__)
    monkeypatch.setattr(rebuilding, "STATEMENT_SECONDS", 0.5)


@pytest.mark.django_db
def test_the_page_of_a_segment_stopped_on_the_live_path_says_so(client: Client) -> None:
    segment = make_segment(ORDERS)
    Segment.objects.filter(pk=segment.pk).update(stopped_at=NOW, stopped_seconds=60)
    shown = client.get(f"{BASE}{segment.pk}/").content.decode()
    assert "It took longer than a minute for people who had just changed." in shown


@pytest.mark.django_db
def test_the_page_of_a_stopped_segment_says_so(client: Client) -> None:
    segment = make_segment(ORDERS)
    Segment.objects.filter(pk=segment.pk).update(stopped_at=NOW)
    shown = client.get(f"{BASE}{segment.pk}/").content.decode()
    assert "It took longer than five minutes." in shown
    assert "Stopped</span>" in client.get(BASE).content.decode()
