"""Archiving, templates, tags and earlier versions: what keeps the list of segments in order."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from crm.models import Event
from flows.services.flows import create_flow, publish
from kernel.batches import Deadline
from segments.domain.starters import STARTERS
from segments.models import Membership, Segment
from segments.queries.listing import list_member_ids
from segments.queries.versions import list_versions, read_version
from segments.services.archiving import archive_segment
from segments.services.checks import find_differences
from segments.services.clock import reevaluate_due
from segments.services.segments import create_segment, update_segment
from tenants.models import Job, Tenant
from tests.factories.flows import definition
from tests.factories.segments import make_buyer, make_segment
from tests.factories.tenants import sign_in
from tests.flows.support import make_template

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
BASE = "/t/ada-soap/segments/"
ONE = {"field": "order_count", "is": "=", "value": 1}
TWO = {"field": "order_count", "is": ">=", "value": 2}


@pytest.fixture(autouse=True)
def today() -> object:
    with time_machine.travel(NOW, tick=False) as travel:
        yield travel


@pytest.fixture
def client(tenant: Tenant) -> Client:
    return sign_in(tenant)


def settle() -> None:
    while reevaluate_due(Deadline(seconds=None)):
        pass


def page(client: Client, path: str = "") -> str:
    response = client.get(BASE + path)
    assert response.status_code == 200
    return response.content.decode()


def test_an_archived_segment_has_no_members_and_comes_back(client: Client) -> None:
    one = make_buyer(last_order_at=NOW)
    segment = create_segment(name="Buyers", definition=ONE)
    settle()
    told = Event.objects.count()
    client.post(f"{BASE}{segment.pk}/archive/")
    settle()
    assert list_member_ids(segment.pk) == []
    assert find_differences() == []
    assert "Buyers" not in page(client)
    assert "Buyers" in page(client, "?state=archived")
    assert "It is not evaluated and has no members" in page(client, f"{segment.pk}/")
    client.post(f"{BASE}{segment.pk}/unarchive/")
    settle()
    assert list_member_ids(segment.pk) == [one]
    assert Event.objects.count() == told


@pytest.mark.covers("S13")
def test_what_is_used_is_not_archived_and_its_users_are_linked(client: Client) -> None:
    inner = make_segment(ONE, "Inner")
    outer = make_segment({"segment": str(inner.pk), "is": "member"}, "Outer")
    make_template("note")
    flow = create_flow(name="Come back")
    publish(flow.pk, definition(trigger={"segment": str(inner.pk)}))
    refused = client.post(f"{BASE}{inner.pk}/archive/")
    assert refused.status_code == 409
    shown = refused.content.decode()
    assert f'href="{BASE}{outer.pk}/"' in shown
    assert f'href="/t/ada-soap/flows/{flow.pk}/"' in shown
    inner.refresh_from_db()
    assert inner.archived_at is None


def test_a_segment_on_an_archived_one_is_refused(client: Client) -> None:
    gone = make_segment(ONE, "Gone")
    archive_segment(gone.pk)
    leaf = json.dumps({"segment": str(gone.pk), "is": "member"})
    refused = client.post(f"{BASE}new/", {"name": "Mine", "definition": leaf})
    assert refused.status_code == 422
    assert "or it is archived" in refused.content.decode()
    assert not Segment.objects.filter(name="Mine").exists()


@pytest.mark.covers("S13")
def test_more_than_six_segments_that_nothing_uses_are_named(client: Client) -> None:
    for number in range(6):
        make_segment(ONE, f"Spare {number}")
    assert "More segments than anybody uses" not in page(client)
    make_segment(ONE, "Spare 7")
    assert "7 of your own are used by no flow" in page(client)
    assert page(client, "?state=unused").count("nothing yet") == 7


def test_a_thousand_segments_are_paged_and_sorted(client: Client) -> None:
    Segment.objects.bulk_create(
        Segment(name=f"S{number:04}", definition=ONE, member_count=number % 7, tags=["many"])
        for number in range(1_000)
    )
    seen: list[str] = []
    address = "?sort=-size&tag=many"
    while address:
        shown = client.get(BASE + address).context["page"]
        seen += [row.segment.name for row in shown.rows]
        address = f"?sort=-size&tag=many&after={shown.next}" if shown.next else ""
    sizes = dict(Segment.objects.values_list("name", "member_count"))
    assert len(seen) == len(set(seen)) == 1_000
    assert [sizes[name] for name in seen] == sorted(sizes.values(), reverse=True)
    last = client.get(f"{BASE}?sort=name&q=S09").context["page"]
    back = client.get(f"{BASE}?sort=name&before={last.rows[0].segment.pk}").context["page"]
    assert [row.segment.name for row in back.rows][-1] == "S0899"


@pytest.mark.covers("S3", "S7", "S8", "S12", "S16")
def test_every_template_that_is_offered_installs_once(client: Client) -> None:
    make_buyer(last_order_at=NOW)
    shown = page(client, "templates/")
    assert "No “Product Viewed” was received yet" in shown
    assert "No product that was sold has a category yet" in shown
    for starter in STARTERS:
        client.post(f"{BASE}templates/install/", {"key": starter.key})
    settle()
    installed = set(Segment.objects.values_list("key", flat=True))
    assert {starter.key for starter in STARTERS} - installed == {"top_category"}
    assert find_differences() == []
    count = Segment.objects.count()
    client.post(f"{BASE}templates/install/", {"key": "monthly"})
    client.post(f"{BASE}templates/install/", {"key": "nothing"})
    assert Segment.objects.count() == count
    assert page(client, "templates/").count("Open the segment") == count


def test_a_template_that_was_archived_comes_back_as_it_was_left(client: Client) -> None:
    client.post(f"{BASE}templates/install/", {"key": "monthly"})
    segment = Segment.objects.get()
    update_segment(segment.pk, name="Every month")
    archive_segment(segment.pk)
    client.post(f"{BASE}templates/install/", {"key": "monthly"})
    segment.refresh_from_db()
    assert (segment.name, segment.archived_at) == ("Every month", None)


def test_an_earlier_version_is_shown_and_brought_back(client: Client) -> None:
    segment = create_segment(name="Buyers", definition=ONE)
    update_segment(segment.pk, definition=TWO, name="Regulars")
    segment.refresh_from_db()
    newest, first = list_versions(segment)
    assert [(row.label, row.before, row.after) for row in newest.rows] == [
        ("Name", "Buyers", "Regulars"),
        ("Definition", "Orders: 1", "Orders: at least 2"),
    ]
    assert (newest.is_current, first.is_current, first.values["definition"]) == (True, False, ONE)
    assert "Bring this version back" in page(client, f"{segment.pk}/?tab=versions")
    sent = {"entry": str(first.entry_id), "version": "another"}
    client.post(f"{BASE}{segment.pk}/restore/", sent)
    segment.refresh_from_db()
    assert segment.name == "Regulars"
    client.post(f"{BASE}{segment.pk}/restore/", {**sent, "version": read_version(segment)})
    segment.refresh_from_db()
    assert (segment.name, segment.definition) == ("Buyers", ONE)
    assert len(list_versions(segment)) == 3


def test_tags_are_kept_and_narrow_the_list(client: Client) -> None:
    data = {"name": "Mine", "definition": json.dumps(ONE), "tags": " winter, VIP ,winter"}
    client.post(f"{BASE}new/", data)
    make_segment(ONE, "Untagged")
    assert Segment.objects.get(name="Mine").tags == ["VIP", "winter"]
    shown = page(client, "?tag=winter")
    assert "Mine" in shown
    assert "Untagged" not in shown


def test_members_are_exported_by_a_job_and_that_is_a_use(client: Client) -> None:
    make_buyer(last_order_at=NOW)
    segment = create_segment(name="Buyers", definition=ONE)
    settle()
    answer = client.post(f"{BASE}{segment.pk}/export/")
    job = Job.objects.get()
    assert answer.headers["Location"] == f"/t/ada-soap/jobs/{job.pk}/"
    assert (job.kind, job.params["query"]) == ("profiles.export", f"segment={segment.pk}")
    segment.refresh_from_db()
    assert segment.used_at == NOW


@pytest.mark.covers("S14")
def test_who_was_in_it_on_a_past_day_is_counted_back(client: Client, today: object) -> None:
    stays = make_buyer(last_order_at=NOW - timedelta(days=10), first_name="Stays")
    goes = make_buyer(last_order_at=NOW - timedelta(days=59), first_name="Goes")
    rule = {"field": "days_since_last_order", "is": "<", "value": 60}
    segment = create_segment(name="Fresh", definition=rule)
    settle()
    assert set(list_member_ids(segment.pk)) == {stays, goes}
    today.move_to(NOW + timedelta(days=3))  # type: ignore[attr-defined]
    comes = make_buyer(last_order_at=NOW, first_name="Comes")
    settle()
    update_segment(segment.pk, description="looked at again")
    settle()
    assert Membership.objects.filter(segment_ids__contains=[segment.pk]).count() == 2
    then = page(client, f"{segment.pk}/?on=2026-06-30")
    assert [name for name in ("Stays", "Goes", "Comes") if name in then] == ["Stays", "Goes"]
    assert "2 of 2 people" in then
    now = page(client, f"{segment.pk}/")
    assert [name for name in ("Stays", "Goes", "Comes") if name in now] == ["Stays", "Comes"]
    assert "Nobody was in it on that day" in page(client, f"{segment.pk}/?on=2026-06-01")
    assert "Comes" in page(client, f"{segment.pk}/?tab=why&who={comes}")
