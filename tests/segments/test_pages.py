"""Pages of segments and RFM."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from kernel.clock import simulated
from kernel.tenancy import tenant_scope
from segments.models import Segment
from segments.services.library import install_core_segments
from segments.services.rebuild import refresh_everything
from segments.services.rfm import score_all
from tenants.choices import Role
from tenants.models import Tenant
from tests.factories.segments import make_buyer, make_segment
from tests.factories.tenants import sign_in

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
BASE = "/t/ada-soap/segments/"


@pytest.fixture(autouse=True)
def today() -> object:
    with time_machine.travel(NOW, tick=False) as travel:
        yield travel


@pytest.fixture
def client(tenant: Tenant) -> Client:
    return sign_in(tenant)


def fill() -> None:
    for n in range(6):
        make_buyer(
            orders=n % 3 + 1,
            net=5_000 * (n + 1),
            last_order_at=NOW - timedelta(days=30 * n),
            first_name="Ada",
            last_name=f"N{n}",
            name_norm=f"ada n{n}",
            email=f"ada{n}@example.com",
            email_norm=f"ada{n}@example.com",
        )
    install_core_segments()
    refresh_everything(NOW)


def page(client: Client, path: str = "", **headers: str) -> str:
    response = client.get(BASE + path, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_without_segments_the_page_says_what_to_do(client: Client) -> None:
    shown = page(client)
    assert "No segments yet" in shown
    assert f'href="{BASE}new/"' in shown


def test_the_list_shows_size_words_and_the_vip_line(client: Client, tenant: Tenant) -> None:
    fill()
    shown = page(client)
    for text in (
        "New subscribers",
        "Days since last order: 60 to 119",
        "Top 10%: £300.00 and more, among 6 buyers",
        "nothing yet",
    ):
        assert text in shown


def test_the_page_of_a_segment_shows_its_members(client: Client) -> None:
    fill()
    segment = Segment.objects.get(key="churned")
    shown = page(client, f"{segment.pk}/")
    assert "No order for 120 days or more." in shown
    assert "Ada N5" in shown
    assert "Ada N1" not in shown
    assert "2 of 2 people" in shown
    found = page(client, f"{segment.pk}/?q=n4", **{"HX-Request": "true"})
    assert "Ada N4" in found
    assert "Ada N5" not in found
    assert "<html" not in found
    assert "Nobody found" in page(client, f"{segment.pk}/?q=zoe")


def test_a_search_that_no_database_can_hold_finds_what_is_left_of_it(client: Client) -> None:
    fill()
    segment = Segment.objects.order_by("pk")[0]
    assert client.get(f"{BASE}{segment.pk}/?q=%00").status_code == 200


def test_members_go_on_by_key(client: Client) -> None:
    for n in range(53):
        make_buyer(last_order_at=NOW, first_name=f"Buyer{n:02}")
    segment = make_segment({"field": "order_count", "is": "=", "value": 1})
    refresh_everything(NOW)
    shown = page(client, f"{segment.pk}/")
    assert "Buyer52" in shown
    assert "Buyer02" not in shown
    mark = shown.split("?after=")[1].split('"')[0].split("&")[0]
    rest = page(client, f"{segment.pk}/?after={mark}")
    assert "Buyer02" in rest
    assert "Buyer03" not in rest


def test_entries_and_exits_say_why(client: Client) -> None:
    fill()
    segment = Segment.objects.get(key="churned")
    shown = page(client, f"{segment.pk}/?tab=changes")
    assert "The segment was changed" in shown
    assert "Ada N5" in shown


def test_the_chart_of_sizes_ends_with_today(client: Client) -> None:
    fill()
    segment = Segment.objects.get(key="repeat")
    answer = client.get(f"{BASE}{segment.pk}/sizes/").json()
    assert answer["x"][-1] == "2026-06-30"
    assert len(answer["x"]) == 90
    assert answer["series"][0]["values"][-2:] == [0, 4]
    moves = client.get(f"{BASE}{segment.pk}/moves/").json()
    assert (moves["x"][-1], len(moves["x"])) == ("2026-06-30", 30)
    entered, left = ([*one["values"]] for one in moves["series"])
    assert (entered, left) == ([*[0] * 29, 4], [0] * 30)


def test_a_threshold_is_edited(client: Client) -> None:
    fill()
    segment = Segment.objects.get(key="churned")
    assert "&quot;value&quot;: 120" in page(client, f"{segment.pk}/edit/")
    definition = {"field": "days_since_last_order", "is": ">=", "value": 90}
    response = client.post(
        f"{BASE}{segment.pk}/edit/", {"name": "Churned", "definition": json.dumps(definition)}
    )
    assert response.status_code == 302
    segment.refresh_from_db()
    assert segment.definition == definition


@pytest.mark.parametrize(
    ("definition", "error"),
    [
        ("{", "This is not valid JSON"),
        ('{"field": "orders"}', "definition.field: no field is called"),
        ('{"segment": "9", "is": "member"}', "no segment has id 9"),
    ],
)
def test_a_definition_that_cannot_be_understood_is_kept_and_named(
    client: Client, definition: str, error: str
) -> None:
    response = client.post(f"{BASE}new/", {"name": "Mine", "definition": definition})
    assert response.status_code == 422
    assert error in response.content.decode()
    assert not Segment.objects.exists()


def test_only_who_may_edits(tenant: Tenant) -> None:
    analyst = sign_in(tenant, Role.ANALYST)
    segment = make_segment({"field": "order_count", "is": "=", "value": 1})
    assert analyst.get(BASE).status_code == 200
    assert analyst.get(f"{BASE}new/").status_code == 403
    assert analyst.post(f"{BASE}{segment.pk}/edit/", {"name": "x"}).status_code == 403
    segment.refresh_from_db()
    assert segment.name == "Some"


def test_segments_of_another_tenant_do_not_exist(client: Client, other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant.pk):
        theirs = make_segment({"field": "order_count", "is": "=", "value": 1})
    for path in (f"{theirs.pk}/", f"{theirs.pk}/edit/", f"{theirs.pk}/sizes/"):
        assert client.get(BASE + path).status_code == 404


def test_rfm_shows_the_grid_the_groups_and_how_it_is_cut(client: Client) -> None:
    assert "No buyers to score yet" in page(client, "rfm/")
    fill()
    shown = page(client, "rfm/")
    assert "One-time lapsed" in shown
    assert "By fixed thresholds, since 6 buyers are too few for fifths" in shown
    assert shown.count("data-heat=") == 25
    with simulated(NOW):
        score_all(NOW, as_of=NOW.date())
    assert "No buyers to score yet" in page(client, "rfm/")
