"""The list of people at work: filters, segments made of them, views, columns, tags and exports."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from crm.models import Event, ListPreference, Profile, ProfileFacts, SavedView, TagBatch
from crm.queries import people
from crm.queries.people_filters import (
    define_segment,
    read_wanted,
    write_query,
)
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from crm.services.tags import change_tags
from kernel import clock
from kernel.tenancy import tenant_scope
from kernel.work import drain_tenant
from segments.models import Membership
from segments.services.segments import create_segment
from tenants.choices import Role
from tenants.models import AuditEntry, Job, Tenant
from tests.factories.samples import make_profile
from tests.factories.tenants import call_with, make_key, sign_in

LIST = "/t/ada-soap/profiles/"
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def media(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path)
    return tmp_path


def known(name: str, **facts: object) -> Profile:
    """Create somebody with figures."""
    profile = make_profile(first_name=name, name_norm=name.lower(), country="GB")
    ProfileFacts.objects.create(profile=profile, **facts)
    return profile


def shown(query: str) -> list[str]:
    wanted = read_wanted({key: values[0] for key, values in parse_qs(query).items()})
    return sorted(row.name for row in people.list_people(wanted, NOON).rows)


def counted(query: str) -> int:
    return people.count_people(read_wanted(dict(parse_qsl(query))))


def tags_of(profile: Profile) -> list[str]:
    return Profile.objects.get(pk=profile.pk).tags


def file_of(media: Path) -> list[dict[str, str]]:
    [text] = [file.read_text() for file in media.rglob("*.csv")]
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("orders=1%2B", ["Few", "Many"]),
        ("orders=5%2B", ["Many"]),
        ("orders=1", ["Few"]),
        ("orders=0", ["None"]),
        ("order_count_min=1&order_count_max=3", ["Few"]),
        ("revenue_min=10.00", ["Many"]),
        ("revenue_max=9.99", ["Few", "None"]),
        ("last_order_from=2026-05-02&last_order_to=2026-05-02", ["Few"]),
        ("last_order_to=2026-05-01", []),
        ("seen_from=2026-05-30", ["Many"]),
        ("tag=VIP", ["Many"]),
        ("without_tag=VIP", ["Few", "None"]),
        ("sms_consent=subscribed", ["Few"]),
        ("revenue_min=ten&created_from=yesterday&order_count_min=-1", ["Few", "Many", "None"]),
    ],
)
def test_each_filter_finds_its_people(tenant: Tenant, query: str, found: list[str]) -> None:
    late_in_may = datetime(2026, 5, 1, 23, 30, tzinfo=UTC)  # 2 May in London
    known("None")
    few = known("Few", order_count=1, net_minor=999, last_order_at=late_in_may)
    many = known("Many", order_count=9, net_minor=1000, last_order_at=NOON, last_seen_at=NOON)
    Profile.objects.filter(pk=few.pk).update(sms_consent="subscribed")
    change_tags([many.pk], added=["VIP"], actor="ada@example.com")

    assert shown(query) == found
    assert counted(query) == len(found)


def test_a_changed_time_zone_moves_the_days_of_a_filter(tenant: Tenant) -> None:
    known("Late", last_order_at=datetime(2026, 5, 1, 23, 30, tzinfo=UTC))
    assert shown("last_order_to=2026-05-01") == []

    Tenant.objects.filter(pk=tenant.pk).update(timezone="America/New_York")

    assert shown("last_order_to=2026-05-01") == ["Late"]


def test_the_address_says_what_is_shown_and_nothing_else() -> None:
    wanted = people.Wanted(search="ada", chosen={"consent": "subscribed"}, sort="-revenue")
    assert write_query(wanted) == "q=ada&consent=subscribed&sort=-revenue"
    assert write_query(people.Wanted()) == ""


def test_filters_become_a_segment_of_the_same_people(tenant: Tenant) -> None:
    known("None")
    many = known("Many", order_count=9, net_minor=1000, last_order_at=NOON, last_seen_at=NOON)
    change_tags([many.pk], added=["VIP"], actor="ada@example.com")
    query = (
        "orders=2%2B&tag=VIP&country=GB&revenue_min=10&revenue_max=10.00&consent=never"
        "&last_order_from=2026-06-01&last_order_to=2026-06-01&seen_to=2026-06-02&without_tag=Old"
        "&order_count_min=9&sms_consent=never"
    )
    change_tags([many.pk], added=["Old"], actor="ada@example.com")
    change_tags([many.pk], removed=["Old"], actor="ada@example.com")
    page = sign_in(tenant).get(f"{LIST}?{query}").content.decode()
    assert "Save as segment" in page
    wanted = read_wanted({key: values[0] for key, values in parse_qs(query).items()})
    assert len(wanted.chosen) == 12
    segment = create_segment(name="The same", definition=define_segment(wanted))
    drain_tenant(tenant.pk)

    members = Membership.objects.filter(segment_ids__contains=[segment.pk])
    assert list(members.values_list("profile_id", flat=True)) == [many.pk]
    assert shown(query) == ["Many"]


def test_the_page_of_a_new_segment_begins_with_the_filters(tenant: Tenant) -> None:
    known("Many", order_count=9)
    client = sign_in(tenant)
    page = client.get(f"{LIST}?orders=2%2B").content.decode()
    address = page.split('href="/t/ada-soap/segments/new/', 1)[1].split('"', 1)[0]
    definition = json.loads(parse_qs(urlsplit(address).query)["definition"][0])

    assert definition == {
        "op": "and",
        "children": [{"field": "order_count", "is": ">=", "value": 2}],
    }
    form = client.get(f"/t/ada-soap/segments/new/{address.replace('&amp;', '&')}")
    assert "order_count" in form.content.decode()
    assert client.get("/t/ada-soap/segments/new/?definition={broken").status_code == 200


def test_who_may_not_change_segments_is_not_led_to_one(tenant: Tenant) -> None:
    known("Many", order_count=9)
    page = sign_in(tenant, Role.ANALYST).get(f"{LIST}?orders=2%2B").content.decode()
    assert "Save as segment" not in page


# Tags


def test_a_tag_is_heard_by_segments_at_once(tenant: Tenant) -> None:
    ada = known("Ada")
    segment = create_segment(
        name="VIPs", definition={"field": "tags", "is": "contains", "value": "VIP"}
    )
    drain_tenant(tenant.pk)
    change_tags([ada.pk], added=["  VIP "], actor="ada@example.com")
    drain_tenant(tenant.pk)
    assert Membership.objects.get(profile=ada).segment_ids == [segment.pk]

    change_tags([ada.pk], removed=["VIP"], actor="ada@example.com")
    drain_tenant(tenant.pk)
    assert Membership.objects.get(profile=ada).segment_ids == []


def test_a_repeated_tag_changes_nothing(tenant: Tenant) -> None:
    ada = known("Ada")
    assert change_tags([ada.pk], added=["VIP"], actor="ada@example.com") == [ada.pk]
    assert change_tags([ada.pk], added=["VIP"], actor="ada@example.com") == []
    assert tags_of(ada) == ["VIP"]
    assert Event.objects.filter(name="Tags Changed").count() == 1


@pytest.mark.parametrize("text", ["", "   ", "\x00", "\n"])
def test_a_tag_without_letters_is_none(tenant: Tenant, text: str) -> None:
    ada = known("Ada")
    assert change_tags([ada.pk], added=[text], actor="ada@example.com") == []
    assert tags_of(ada) == []


def test_a_merge_unites_tags_and_its_undo_parts_them(tenant: Tenant) -> None:
    winner, loser = known("Ada"), known("Ada B")
    change_tags([winner.pk], added=["Both", "Mine"], actor="ada@example.com")
    change_tags([loser.pk], added=["Both", "Theirs"], actor="ada@example.com")

    [merge] = merge_profiles([(winner.pk, loser.pk)], rule="manual")
    assert tags_of(winner) == ["Both", "Mine", "Theirs"]

    unmerge_profile(merge)
    assert tags_of(winner) == ["Both", "Mine"]
    assert tags_of(loser) == ["Both", "Theirs"]


def test_erasing_takes_tags_away(tenant: Tenant) -> None:
    ada = known("Ada")
    change_tags([ada.pk], added=["VIP"], actor="ada@example.com")
    erase_profiles([ada.pk])
    assert tags_of(ada) == []
    assert change_tags([ada.pk], added=["VIP"], actor="ada@example.com") == []


def test_the_api_reads_and_changes_tags(tenant: Tenant, broker: object) -> None:
    ada = known("Ada")
    api = call_with(make_key(tenant))
    address = f"/api/v1/profiles/{ada.pk}/"
    answer = api.post(f"{address}tags/", {"add": ["VIP", "B"]}, content_type="application/json")
    assert answer.json()["tags"] == ["B", "VIP"]
    api.post(f"{address}tags/", {"remove": ["B"]}, content_type="application/json")
    assert api.get(address).json()["tags"] == ["VIP"]
    assert [row["id"] for row in api.get("/api/v1/profiles/?tag=VIP").json()["results"]] == [
        str(ada.pk)
    ]
    assert api.get("/api/v1/profiles/?tag=B").json()["results"] == []
    refused = api.post(f"{address}tags/", {"add": ["x" * 61]}, content_type="application/json")
    assert refused.status_code in {400, 422}
    assert tags_of(ada) == ["VIP"]


# Many at once


def bulk(client: Client, path: str, **data: object) -> Job:
    answer = client.post(f"{LIST}{path}", data)
    assert answer.status_code == 302
    job = Job.objects.latest("pk")
    assert answer["Location"] == f"/t/ada-soap/jobs/{job.pk}/"
    return job


def test_the_chosen_get_a_tag_and_the_job_is_taken_back(tenant: Tenant) -> None:
    one, two, three = known("One"), known("Two"), known("Three")
    change_tags([two.pk], added=["VIP"], actor="ada@example.com")
    client = sign_in(tenant)
    job = bulk(client, "tags/", ids=[one.pk, two.pk], add_tag="VIP", action="add")
    drain_tenant(tenant.pk)

    assert [tags_of(one), tags_of(two), tags_of(three)] == [["VIP"], ["VIP"], []]
    job.refresh_from_db()
    assert (job.status, job.done, job.total) == ("done", 2, 2)
    assert TagBatch.objects.get().profile_ids == [one.pk]

    client.post(f"/t/ada-soap/jobs/{job.pk}/undo/")
    drain_tenant(tenant.pk)
    assert [tags_of(one), tags_of(two)] == [[], ["VIP"]]


def test_all_that_match_lose_a_tag_also_those_on_other_pages(tenant: Tenant) -> None:
    many = [known(f"Buyer {number}", order_count=2) for number in range(60)]
    other = known("Other")
    change_tags([profile.pk for profile in [*many, other]], added=["Old"], actor="a@example.com")
    bulk(
        sign_in(tenant),
        "tags/",
        all="1",
        query="orders=2%2B",
        remove_tag="Old",
        action="remove",
    )
    drain_tenant(tenant.pk)

    assert {tuple(tags_of(profile)) for profile in many} == {()}
    assert tags_of(other) == ["Old"]


def test_nobody_chosen_does_nothing(tenant: Tenant) -> None:
    known("Ada")
    client = sign_in(tenant)
    for data in ({}, {"ids": ["x"]}, {"ids": ["1"], "add_tag": " "}):
        assert client.post(f"{LIST}tags/", data)["Location"].startswith(LIST)
    assert client.post(f"{LIST}export/", {})["Location"].startswith(LIST)
    assert Job.objects.count() == 0


def test_ids_of_another_tenant_are_left_alone(tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant.pk):
        theirs = make_profile()
    bulk(sign_in(tenant), "tags/", ids=[theirs.pk], add_tag="VIP", action="add")
    drain_tenant(tenant.pk)
    with tenant_scope(other_tenant.pk):
        assert tags_of(theirs) == []


def test_the_export_holds_what_the_list_shows_and_no_formula(tenant: Tenant, media: Path) -> None:
    formula = known('=HYPERLINK("http://x")', order_count=1, net_minor=1250)
    known("Somebody else")
    change_tags([formula.pk], added=["@tag"], actor="ada@example.com")
    client = sign_in(tenant, Role.ANALYST)
    job = bulk(client, "export/", all="1", query="orders=1")
    drain_tenant(tenant.pk)

    [row] = file_of(media)
    assert row["name"] == '\'=HYPERLINK("http://x")'
    assert (row["tags"], row["net_revenue"], row["currency"]) == ("'@tag", "12.50", "GBP")
    entry = AuditEntry.objects.get(action="job.started")
    assert entry.after == {"kind": "profiles.export", "query": "orders=1"}
    job.refresh_from_db()
    assert (job.done, job.total) == (1, 1)
    assert client.get(f"/t/ada-soap/jobs/{job.pk}/file/").status_code == 200


def test_an_export_of_nobody_has_its_headings(tenant: Tenant, media: Path) -> None:
    bulk(sign_in(tenant), "export/", all="1", query="")
    drain_tenant(tenant.pk)
    assert file_of(media) == []
    assert Job.objects.get().status == "done"


def test_names_of_any_kind_are_exported_whole(tenant: Tenant, media: Path) -> None:
    names = ["x" * 200, "شهرزاد", "👩🏽‍🚀 Ada", 'a "quoted", name\nof two lines']
    for name in names:
        known(name)
    bulk(sign_in(tenant), "export/", all="1", query="sort=new")
    drain_tenant(tenant.pk)
    assert [row["name"] for row in file_of(media)] == names


def test_who_may_not_export_sees_no_button(tenant: Tenant) -> None:
    known("Ada")
    client = sign_in(tenant, Role.SUPPORT)
    assert "Export" not in client.get(LIST).content.decode()
    assert client.post(f"{LIST}export/", {"all": "1"}).status_code == 403
    assert Job.objects.count() == 0


def test_who_may_do_nothing_to_many_chooses_nobody(tenant: Tenant, media: Path) -> None:
    known("Ada")
    page = sign_in(tenant, Role.ANALYST).get(LIST).content.decode()
    assert "Add tag" not in page


# Views and columns


def save(client: Client, **data: object) -> SavedView:
    client.post(f"{LIST}views/", {"name": "Buyers", "query": "orders=2%2B", **data})
    return SavedView.objects.latest("pk")


def test_a_view_is_saved_with_filters_and_columns(tenant: Tenant) -> None:
    known("Many", order_count=9)
    known("None")
    client = sign_in(tenant)
    view = save(client, columns=["phone", "orders", "nonsense"])

    assert (view.query, view.columns) == ("orders=2%2B", ["orders", "phone"])
    page = client.get(f"{LIST}?view={view.pk}&{view.query}").content.decode()
    assert 'data-label="Phone"' in page
    assert 'data-label="Points"' not in page
    assert "Many" in page
    assert ">None<" not in page


def test_a_shared_view_is_seen_by_others_and_changed_by_its_owner_alone(tenant: Tenant) -> None:
    known("Ada")
    owner, other = sign_in(tenant), sign_in(tenant, Role.ANALYST)
    mine, ours = save(owner, name="Mine"), save(owner, name="Ours", is_shared="1")

    page = other.get(f"{LIST}?view=all").content.decode()
    assert "Ours" in page
    assert "Mine" not in page
    for view in (mine, ours):
        address = f"{LIST}views/{view.pk}/"
        assert other.post(address, {"action": "delete"}).status_code == 404
        assert other.post(address, {"action": "edit", "name": "x"}).status_code == 404
    assert sorted(SavedView.objects.values_list("name", flat=True)) == ["Mine", "Ours"]
    assert not SavedView.objects.exclude(deleted_at=None).exists()


def test_a_deleted_view_comes_back(tenant: Tenant) -> None:
    known("Ada")
    client = sign_in(tenant)
    view = save(client)
    answer = client.post(f"{LIST}views/{view.pk}/", {"action": "delete"}, follow=True)
    page = answer.content.decode()
    assert "is deleted" in page
    assert f"?view={view.pk}&" not in page

    client.post(f"{LIST}views/{view.pk}/", {"action": "restore"})
    assert "Buyers" in client.get(f"{LIST}?view=all").content.decode()


def test_a_view_is_renamed_and_brought_up_to_date(tenant: Tenant) -> None:
    client = sign_in(tenant)
    view = save(client)
    client.post(f"{LIST}views/{view.pk}/", {"action": "edit", "name": "Best", "is_shared": "1"})
    client.post(f"{LIST}views/{view.pk}/", {"action": "update", "query": "orders=5%2B&x=y"})
    client.post(f"{LIST}views/{view.pk}/", {"action": "edit", "name": " "})

    view.refresh_from_db()
    assert (view.name, view.is_shared, view.query) == ("Best", True, "orders=5%2B")


def test_the_list_begins_with_the_view_that_was_chosen(tenant: Tenant) -> None:
    known("Ada")
    client = sign_in(tenant)
    view = save(client)
    client.post(f"{LIST}views/{view.pk}/", {"action": "begin"})
    assert client.get(LIST)["Location"] == f"{LIST}?view={view.pk}&orders=2%2B"
    assert client.get(f"{LIST}?view=all").status_code == 200

    client.post(f"{LIST}views/{view.pk}/", {"action": "begin_with_all"})
    assert client.get(LIST).status_code == 200


def test_columns_are_remembered_for_one_member(tenant: Tenant) -> None:
    known("Ada")
    client, other = sign_in(tenant), sign_in(tenant, Role.ANALYST)
    client.post(f"{LIST}columns/", {"columns": ["phone", "seen", "evil"]})

    assert ListPreference.objects.get().columns == ["seen", "phone"]
    page = client.get(LIST).content.decode()
    assert 'data-label="Phone"' in page
    assert 'data-label="Points"' not in page
    assert 'data-label="Points"' in other.get(LIST).content.decode()


@pytest.mark.parametrize("sort", ["new", "last", "revenue", "orders", "seen"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_order_meets_everybody_once(tenant: Tenant, sort: str, sign: str) -> None:
    at = clock.now()
    made = [
        known(
            f"P{number}",
            order_count=number % 3,
            net_minor=number % 4,
            last_order_at=at - timedelta(days=number % 5),
            last_seen_at=at - timedelta(days=number % 2),
        ).pk
        for number in range(23)
    ]
    wanted = people.Wanted(sort=f"{sign}{sort}")
    seen: list[int] = []
    mark: str | None = ""
    while mark is not None:
        page = people.list_people(wanted, at, after=mark, limit=5)
        seen += [row.id for row in page.rows]
        mark = page.next
    assert sorted(seen) == sorted(made)
