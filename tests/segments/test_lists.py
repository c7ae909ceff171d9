"""Lists: put together by hand, usable wherever a segment is."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from crm.models import Event, Identity, Profile
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from kernel.batches import Deadline
from kernel.errors import Conflict
from segments.choices import Cause
from segments.models import ListEntry, MembershipChange, Segment
from segments.queries.listing import list_member_ids
from segments.services.archiving import archive_segment
from segments.services.audiences import start_audience
from segments.services.checks import find_differences
from segments.services.clock import reevaluate_due
from segments.services.lists import add_by_address, add_to_list, create_list, remove_from_list
from segments.services.rebuild import rebuild
from segments.services.segments import create_segment, update_segment
from tenants.models import Job, Tenant
from tenants.services.job_turns import run_jobs
from tests.factories.segments import make_buyer
from tests.factories.tenants import call_with, make_key, sign_in

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
BASE = "/t/ada-soap/"
ADA = "ada@example.com"


class OneBatch(Deadline):
    """A turn that is over after one batch."""

    left = 1

    @property
    def passed(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.fixture(autouse=True)
def today() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as travel:
        yield travel


@pytest.fixture
def client(tenant: Tenant) -> Client:
    return sign_in(tenant)


def make_person(name: str) -> int:
    address = f"{name}@example.com"
    made = make_buyer(first_name=name, email=address, email_norm=address, last_order_at=NOW)
    Identity.objects.create(profile_id=made, kind="email", value_norm=address)
    return made


def settle() -> None:
    while reevaluate_due(Deadline(seconds=None)):
        pass


def test_who_is_put_on_a_list_enters_it_and_everything_built_on_it(tenant: Tenant) -> None:
    one, other = make_person("one"), make_person("other")
    fair = create_list(name="Fair")
    leaf = {"segment": str(fair.pk), "is": "member"}
    outer = create_segment(
        name="Fair buyers",
        definition={
            "op": "and",
            "children": [leaf, {"field": "order_count", "is": ">=", "value": 1}],
        },
    )
    settle()
    assert add_to_list(fair.pk, [one, other, 99], actor=ADA) == [one, other]
    assert add_to_list(fair.pk, [one], actor=ADA) == []
    assert list_member_ids(fair.pk) == list_member_ids(outer.pk) == [one, other]
    told = Event.objects.filter(name="Segment Entered", object_id=fair.pk)
    assert set(told.values_list("profile_id", flat=True)) == {one, other}
    changes = MembershipChange.objects.filter(segment_id=fair.pk)
    assert set(changes.values_list("cause", flat=True)) == {"manual"}
    assert remove_from_list(fair.pk, [one], actor=ADA) == [one]
    assert list_member_ids(fair.pk) == list_member_ids(outer.pk) == [other]
    rebuild(NOW, Cause.REFERENCE)
    assert list_member_ids(fair.pk) == [other]
    assert find_differences() == []


def test_a_segment_is_no_list_and_a_list_has_no_conditions(tenant: Tenant) -> None:
    one = make_person("one")
    segment = create_segment(
        name="Buyers", definition={"field": "order_count", "is": ">=", "value": 1}
    )
    with pytest.raises(Conflict, match="fills itself"):
        add_to_list(segment.pk, [one], actor=ADA)
    fair = create_list(name="Fair")
    with pytest.raises(Conflict, match="no conditions"):
        update_segment(fair.pk, definition={"field": "order_count", "is": ">=", "value": 1})
    with pytest.raises(Conflict, match="exists"):
        create_list(name="Fair")
    assert not ListEntry.objects.exists()


def test_addresses_in_any_text_are_taken_and_unknown_ones_told(tenant: Tenant) -> None:
    one, other = make_person("one"), make_person("other")
    fair = create_list(name="Fair")
    add_to_list(fair.pk, [other], actor=ADA)
    text = "Name;Email\nOne;ONE@example.com\nOther <other@example.com>, no@example.com\n"
    added = add_by_address(fair.pk, text, actor=ADA)
    assert (added.added, added.already, added.unknown) == (1, 1, ["no@example.com"])
    assert list_member_ids(fair.pk) == [one, other]


def test_a_merge_keeps_one_entry_and_an_erasure_none(tenant: Tenant) -> None:
    winner, loser, second = make_person("winner"), make_person("loser"), make_person("second")
    fair, both = create_list(name="Fair"), create_list(name="Both")
    add_to_list(fair.pk, [loser, second], actor=ADA)
    add_to_list(both.pk, [winner, loser], actor=ADA)
    merge_profiles([(winner, loser), (winner, second)], rule="manual")
    rows = ListEntry.objects.order_by("segment").values_list("segment", "profile")
    assert list(rows) == [(fair.pk, winner), (both.pk, winner)]
    erase_profiles([winner])
    assert not ListEntry.objects.exists()
    assert list_member_ids(fair.pk) == []


def test_the_pages_make_fill_and_empty_a_list(client: Client) -> None:
    one = make_person("one")
    answer = client.post(f"{BASE}segments/lists/new/", {"name": "Fair", "addresses": ""})
    fair = Segment.objects.get()
    assert answer.headers["Location"] == f"{BASE}segments/{fair.pk}/"
    shown = client.post(
        f"{BASE}segments/{fair.pk}/people/", {"addresses": "one@example.com no@example.com"}
    )
    assert "no@example.com" in shown.content.decode()
    assert list_member_ids(fair.pk) == [one]
    client.post(f"{BASE}segments/{fair.pk}/take-off/", {"ids": str(one)})
    assert list_member_ids(fair.pk) == []
    client.post(f"{BASE}profiles/{one}/lists/", {"list": str(fair.pk)})
    assert list_member_ids(fair.pk) == [one]
    assert "Take off Fair" in client.get(f"{BASE}profiles/{one}/segments/").content.decode()
    client.post(f"{BASE}profiles/{one}/lists/", {"list": str(fair.pk), "action": "remove"})
    assert list_member_ids(fair.pk) == []
    refused = client.post(f"{BASE}segments/{fair.pk}/people/", {"addresses": ""})
    assert refused.status_code == 422


def test_people_who_are_chosen_and_a_copy_are_put_on_by_a_job(client: Client) -> None:
    one, other = make_person("one"), make_person("other")
    client.post(f"{BASE}segments/lists/add/", {"ids": [str(one)], "new_list": "Picked"})
    run_jobs(Deadline(seconds=None))
    picked = Segment.objects.get(name="Picked")
    assert list_member_ids(picked.pk) == [one]
    client.post(f"{BASE}segments/lists/add/", {"all": "1", "query": "q=o", "list": str(picked.pk)})
    run_jobs(Deadline(seconds=None))
    assert list_member_ids(picked.pk) == [one, other]
    told = Event.objects.count()
    client.post(f"{BASE}segments/{picked.pk}/snapshot/")
    run_jobs(Deadline(seconds=None))
    copy = Segment.objects.get(name="Picked, 30 Jun 2026")
    assert list_member_ids(copy.pk) == [one, other]
    assert Event.objects.count() == told
    assert list(Job.objects.values_list("status", flat=True).distinct()) == ["done"]


def test_a_filter_that_is_gone_is_nobody_and_never_everybody(
    client: Client, today: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.queries.people.EXPORT_BATCH", 1)
    monkeypatch.setattr("crm.services.bulk.BATCH", 1)
    monkeypatch.setattr("segments.services.lists.BATCH", 1)
    first, second = make_person("first"), make_person("second")
    make_person("stranger")
    source, target = create_list(name="Source"), create_list(name="Target")
    add_to_list(source.pk, [first, second], actor=ADA)
    query = {"query": f"segment={source.pk}"}
    chosen = {"all": "1", **query}
    client.post(f"{BASE}segments/lists/add/", {**chosen, "list": str(target.pk)})
    client.post(f"{BASE}profiles/tags/", {**chosen, "add_tag": "Fair"})
    client.post(f"{BASE}profiles/export/", chosen)
    start_audience(source, "google", actor=ADA)
    client.post(f"{BASE}segments/{source.pk}/snapshot/")
    jobs = Job.objects.count()
    assert jobs == 5
    for _ in range(2 * jobs):  # each job gets two batches: the people are counted, one is done
        today.shift(timedelta(seconds=1))
        run_jobs(OneBatch())
    archive_segment(source.pk)
    run_jobs(Deadline(seconds=None))
    assert set(Job.objects.values_list("status", "error")) == {
        ("failed", f"The filter “Segment” asks for what is not there any more: {source.pk}"),
        ("failed", "Source is archived"),
    }
    assert list_member_ids(target.pk) == [first]
    tagged = Profile.objects.filter(tags__contains=["Fair"])
    assert list(tagged.values_list("pk", flat=True)) == [first]

    for path in ("segments/lists/add/", "profiles/tags/", "profiles/export/"):
        said = {**chosen, "list": str(target.pk), "add_tag": "Fair"}
        page = client.post(f"{BASE}{path}", said, follow=True).content.decode()
        assert "asks for what is not there any more" in page
    assert Job.objects.count() == jobs


def test_the_api_makes_and_fills_lists(tenant: Tenant) -> None:
    one = make_person("one")
    caller = call_with(make_key(tenant))

    def post(path: str, body: object) -> Any:
        return caller.post(
            f"/api/v1/segments/{path}", json.dumps(body), content_type="application/json"
        )

    made = post("", {"name": "Fair", "kind": "static"})
    assert made.status_code == 201
    key = made.json()["id"]
    assert post(f"{key}/members/", {"add": [one]}).json() == {"added": 1, "removed": 0}
    assert [
        row["id"] for row in caller.get(f"/api/v1/segments/{key}/members/").json()["results"]
    ] == [str(one)]
    blind = call_with(make_key(tenant, "segments:write"))
    asked = blind.get(f"/api/v1/segments/{key}/members/")
    assert (asked.status_code, "one@" in asked.content.decode()) == (403, False)
    definition = {"segment": key, "is": "member"}
    seen = blind.post(
        "/api/v1/segments/preview/",
        json.dumps({"definition": definition}),
        content_type="application/json",
    ).json()
    assert seen["member_count"] == 1
    assert [seen[name] for name in ("sample", "gained_sample", "lost_sample")] == [[], [], []]
    told = post("preview/", {"definition": definition}).json()
    assert [person["id"] for person in told["sample"]] == [str(one)]
    assert post(f"{key}/members/", {"remove": [one]}).json() == {"added": 0, "removed": 1}
    assert post("", {"name": "Both", "kind": "static", "definition": {}}).status_code == 400
    rule = post("", {"name": "Rule", "definition": {"field": "order_count", "is": "=", "value": 1}})
    assert post(f"{rule.json()['id']}/members/", {"add": [one]}).status_code == 409


def test_a_list_is_no_reason_to_keep_somebody_out_of_reach(tenant: Tenant) -> None:
    one = make_person("one")
    fair = create_list(name="Fair")
    Profile.objects.filter(pk=one).update(is_anonymous=True)
    assert add_to_list(fair.pk, [one], actor=ADA) == []
    assert MembershipChange.objects.filter(at__gte=NOW - timedelta(days=1)).count() == 0
