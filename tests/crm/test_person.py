"""What members do on the page of one person: notes, tags, consent, merges, a copy of the data."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from crm.models import ConsentEvent, Event, Note, Product, Profile, ProfileMerge
from crm.queries.joining import compare_profiles
from crm.queries.tastes import list_tastes
from crm.services.erasure import erase_profiles
from crm.services.facts import refresh_facts
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.samples import make_event, make_order, make_profile, make_store
from tests.factories.tenants import sign_in

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return make_profile(email="ada@example.com", email_norm="ada@example.com", city="London")


def at(profile: Profile, part: str = "") -> str:
    return f"/t/ada-soap/profiles/{profile.pk}/{part}"


def read(client: Client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200, address
    return " ".join(page.content.decode().split())


def note(client: Client, profile: Profile, text: str = "Likes lavender") -> Note:
    client.post(at(profile, "notes/add/"), {"text": text})
    return Note.objects.latest("pk")


def test_a_note_stands_on_the_timeline_with_what_it_says_now(tenant: Tenant, ada: Profile) -> None:
    client = sign_in(tenant)
    made = note(client, ada)
    assert "Likes lavender" in read(client, at(ada, "timeline/?kind=notes"))

    client.post(at(ada, f"notes/{made.pk}/"), {"action": "edit", "text": "Likes roses"})
    page = read(client, at(ada, "timeline/"))
    assert "Likes roses" in page
    assert "lavender" not in page

    client.post(at(ada, f"notes/{made.pk}/"), {"action": "delete"})
    assert "A note was deleted" in read(client, at(ada, "timeline/"))
    assert "No notes yet" in read(client, at(ada, "notes/"))
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["note.added", "note.edited", "note.deleted"]


def test_only_who_wrote_a_note_changes_it(tenant: Tenant, ada: Profile) -> None:
    made = note(sign_in(tenant), ada)
    other = sign_in(tenant, Role.ADMIN)
    for data in ({"action": "delete"}, {"action": "edit", "text": "x"}):
        assert other.post(at(ada, f"notes/{made.pk}/"), data).status_code == 404
    made.refresh_from_db()
    assert (made.text, made.edited_at) == ("Likes lavender", None)
    assert "Edit" not in read(other, at(ada, "notes/"))


@pytest.mark.parametrize("text", ["", "  ", "\x00", "x" * 5_001])
def test_a_note_without_words_or_with_too_many_is_refused(
    tenant: Tenant, ada: Profile, text: str
) -> None:
    sign_in(tenant).post(at(ada, "notes/add/"), {"text": text})
    assert Note.objects.count() == 0
    assert Event.objects.count() == 0


def test_markup_emoji_and_right_to_left_stay_text(tenant: Tenant, ada: Profile) -> None:
    client = sign_in(tenant)
    note(client, ada, "<script>alert(1)</script> 👩🏽‍🚀 شهرزاد")
    client.post(at(ada, "tags/"), {"add_tag": "<b>VIP</b>"})
    for part in ("notes/", "timeline/", ""):
        page = read(client, at(ada, part))
        assert "<script>alert(1)" not in page
        assert "<b>VIP" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 👩🏽‍🚀 شهرزاد" in read(client, at(ada, "notes/"))


def test_notes_follow_a_merge_and_go_when_a_person_is_erased(tenant: Tenant, ada: Profile) -> None:
    twin = make_profile(first_name="Twin", city="Leeds", phone="+447700900123")
    note(sign_in(tenant), twin)
    merge_profiles([(ada.pk, twin.pk)], rule="manual")
    assert Note.objects.get().profile_id == ada.pk

    erase_profiles([ada.pk])
    assert Note.objects.count() == 0
    left = Profile.objects.filter(pk__in=[ada.pk, twin.pk]).exclude(city="", phone="", tags=[])
    assert list(left) == []


def test_a_page_left_open_writes_nothing_about_somebody_who_was_erased(
    tenant: Tenant, ada: Profile
) -> None:
    client = sign_in(tenant)
    erase_profiles([ada.pk])
    said = {"channel": "email", "state": "unsubscribed", "reason": "Ada Byron rang"}
    for part, data in (("notes/add/", {"text": "Ada Byron"}), ("consent/change/", said)):
        assert client.post(at(ada, part), data).status_code == 404
    assert Note.objects.count() == 0
    assert ConsentEvent.objects.count() == 0


def test_tags_are_given_and_taken_on_the_page(tenant: Tenant, ada: Profile) -> None:
    client = sign_in(tenant)
    client.post(at(ada, "tags/"), {"add_tag": "VIP", "tab": "orders"})
    assert "Remove the tag VIP" in read(client, at(ada))
    assert "Tagged VIP" in read(client, at(ada, "timeline/?kind=profile"))
    client.post(at(ada, "tags/"), {"remove_tag": "VIP"})
    ada.refresh_from_db()
    assert ada.tags == []
    assert AuditEntry.objects.filter(action="profile.tagged").count() == 2
    assert "Add a tag" not in read(sign_in(tenant, Role.ANALYST), at(ada))


def test_consent_that_a_member_records_has_their_reason_as_proof(
    tenant: Tenant, ada: Profile
) -> None:
    client = sign_in(tenant, Role.SUPPORT)
    said = {"channel": "email", "state": "subscribed", "reason": "Asked on the phone"}
    client.post(at(ada, "consent/change/"), said)

    ada.refresh_from_db()
    proof = ConsentEvent.objects.get()
    assert ada.email_consent == "subscribed"
    assert (proof.method, proof.detail, proof.actor) == (
        "manual",
        "Asked on the phone",
        "support@ada-soap.example",
    )
    assert "Asked on the phone" in read(client, at(ada, "consent/"))
    entry = AuditEntry.objects.get(action="profile.consent_changed")
    assert entry.after == {"channel": "email", "state": "subscribed"}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"channel": "email", "state": "subscribed", "reason": "  "},
        {"channel": "fax", "state": "subscribed", "reason": "x"},
        {"channel": "email", "state": "pending", "reason": "x"},
    ],
)
def test_consent_without_channel_state_or_reason_is_not_recorded(
    tenant: Tenant, ada: Profile, said: dict[str, str]
) -> None:
    sign_in(tenant).post(at(ada, "consent/change/"), said)
    assert ConsentEvent.objects.count() == 0
    assert AuditEntry.objects.count() == 0


def test_a_copy_of_the_data_holds_everything_and_is_noted(tenant: Tenant, ada: Profile) -> None:
    client = sign_in(tenant, Role.MARKETER)
    note(client, ada)
    order = make_order(make_store(), ada)
    make_event(ada)
    answer = client.post(at(ada, "export/"))

    found = json.loads(answer.content)
    assert answer["Content-Disposition"] == f'attachment; filename="profile-{ada.pk}.json"'
    assert found["profile"]["email"] == "ada@example.com"
    assert [row["id"] for row in found["orders"]] == [str(order.pk)]
    assert [row["text"] for row in found["notes"]] == ["Likes lavender"]
    assert AuditEntry.objects.get(action="profile.exported").object_id == str(ada.pk)


def test_a_merge_is_shown_done_and_undone_from_the_page(tenant: Tenant, ada: Profile) -> None:
    twin = make_profile(first_name="Augusta", name_norm="augusta", email_consent="unsubscribed")
    order = make_order(make_store(), twin)
    client = sign_in(tenant, Role.SUPPORT)
    assert "Augusta" in read(client, at(ada, "merge/?q=augusta"))
    page = read(client, at(ada, f"merge/?with={twin.pk}"))
    assert "orders: 1" in page
    assert "unsubscribed" in page
    assert Profile.objects.get(pk=twin.pk).merged_into_id is None

    answer = client.post(at(ada, "merge/"), {"with": twin.pk, "keep": "this"})
    assert answer["Location"] == at(ada, "?tab=merges")
    assert Profile.objects.get(pk=twin.pk).merged_into_id == ada.pk
    order.refresh_from_db()
    assert order.profile_id == ada.pk

    merge = ProfileMerge.objects.get()
    assert "Undo" in read(client, at(ada, "merges/"))
    client.post(at(ada, f"merges/{merge.pk}/undo/"))
    assert Profile.objects.get(pk=twin.pk).merged_into_id is None
    actions = AuditEntry.objects.order_by("pk").values_list("action", "actor")
    assert list(actions) == [
        ("profile.merged", "support@ada-soap.example"),
        ("profile.unmerged", "support@ada-soap.example"),
    ]


def test_the_other_profile_can_be_the_one_that_stays(tenant: Tenant, ada: Profile) -> None:
    twin = make_profile(first_name="Augusta")
    answer = sign_in(tenant).post(at(ada, "merge/"), {"with": twin.pk, "keep": "other"})
    assert answer["Location"] == at(twin, "?tab=merges")
    assert Profile.objects.get(pk=ada.pk).merged_into_id == twin.pk


def test_nobody_is_merged_with_themselves_or_with_somebody_who_is_gone(
    tenant: Tenant, ada: Profile
) -> None:
    gone = make_profile()
    erase_profiles([gone.pk])
    client = sign_in(tenant)
    for other in (ada.pk, gone.pk, 0, "x", 10**20):
        assert client.post(at(ada, "merge/"), {"with": other}).status_code == 400
    assert ProfileMerge.objects.count() == 0


def test_after_thirty_days_a_merge_stays(tenant: Tenant, ada: Profile) -> None:
    twin = make_profile(first_name="Augusta")
    [merge] = merge_profiles([(ada.pk, twin.pk)], rule="manual", now=NOW)
    with time_machine.travel(NOW + timedelta(days=30, seconds=1), tick=False):
        client = sign_in(tenant)
        assert "Undo" not in read(client, at(ada, "merges/"))
        client.post(at(ada, f"merges/{merge}/undo/"))
    assert Profile.objects.get(pk=twin.pk).merged_into_id == ada.pk


def test_the_comparison_says_what_a_merge_does(tenant: Tenant, ada: Profile) -> None:
    twin = make_profile(first_name="Augusta", city="Leeds", country="GB", tags=["VIP"])
    said = {line.label: line.after for line in compare_profiles(ada, twin).differences}
    [merge] = merge_profiles([(ada.pk, twin.pk)], rule="manual")

    kept = Profile.objects.get(pk=ada.pk)
    assert said == {
        "Email": kept.email,
        "First name": kept.first_name,
        "City": kept.city,
        "Country": kept.country,
        "Tags": ", ".join(kept.tags),
    }
    unmerge_profile(merge)


def test_older_events_follow_below_without_a_second_heading(tenant: Tenant, ada: Profile) -> None:
    for number in range(65):
        make_event(ada, occurred_at=NOW - timedelta(minutes=number), name=f"Event {number:02}")
    client = sign_in(tenant)
    page = client.get(at(ada, "timeline/")).content.decode()
    seen = page.count("timeline-entry")
    headings = page.count("timeline-day")
    while 'hx-trigger="revealed"' in page:
        address = page.split('<li hx-get="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
        page = client.get(address, headers={"HX-Request": "true"}).content.decode()
        seen += page.count("timeline-entry")
        headings += page.count("timeline-day")
        assert "<html" not in page
    assert (seen, headings) == (65, 1)


@pytest.mark.covers("P6")
def test_what_somebody_likes_is_said_by_what_they_bought(tenant: Tenant, ada: Profile) -> None:
    store, year = make_store(), timedelta(days=365, hours=6)
    bought: list[tuple[int, str, str, int, dict[str, Any]]] = [
        (0, "Tea", "Leaf", 750, {}),
        (0, "Soap", "Foam", 3_000, {}),
        (1, "Soap", "foam", 3_750, {"currency": "EUR", "gross_minor": 4_000}),
        (2, "tea", "", 1_200, {}),
        # An order that does not count says nothing.
        (0, "Gifts", "Acme", 900, {"is_counted": False}),
    ]
    for place, (years, category, brand, pence, fields) in enumerate(bought):
        at_then = {"ordered_at": NOW - years * year, "base_gross_minor": 3_200, **fields}
        order = make_order(store, ada, **{"gross_minor": 3_200, **at_then})
        product = Product.objects.create(store=store, external_id=str(place), brand=brand)
        order.lines.update(category=category, product=product, quantity=2, total_minor=2 * pence)
    refresh_facts([ada.pk], now=NOW)

    assert [
        (label, [(taste.words, taste.score, taste.last_at) for taste in tastes])
        for label, tastes in list_tastes(ada.pk)
    ] == [
        # Two orders of today, one half as old a year ago, one a quarter two years ago: 2.75.
        ("Categories", [("Soap", 55, NOW), ("Tea", 45, NOW)]),
        ("Brands", [("Foam", 55, NOW), ("Leaf", 36, NOW)]),
        (
            "Price of a piece",
            [
                ("£20.00 to £50.00", 55, NOW),
                ("£5.00 to £10.00", 36, NOW),
                ("£10.00 to £20.00", 9, NOW - 2 * year),
            ],
        ),
    ]
    page = read(sign_in(tenant), at(ada))
    assert "What they like" in page
    assert "£20.00 to £50.00" in page
