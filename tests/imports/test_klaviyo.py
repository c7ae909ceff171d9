"""Moving from Klaviyo: by its API and by its exports, never more permissive than it was there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from crm.models import ConsentEvent, Event, Order, Profile, Suppression
from crm.services.checks import find_differences
from crm.services.consent import record_consent
from imports.domain.klaviyo import read_person
from imports.models import Import, ImportRow, Move
from imports.services.fetching import drain_moves
from imports.services.moves import create_move, import_all, start_move, try_key
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Invalid
from kernel.work import drain_tenant
from tenants.models import AuditEntry, Tenant
from tenants.services import files
from tests.factories.tenants import sign_in
from tests.imports.files import ACTOR, bring, counted
from tests.support.klaviyo import KEY, Klaviyo, email, klaviyo

__all__ = ["klaviyo"]

AT = "2024-03-01T10:00:00+00:00"


def move(**chosen: Any) -> Move:
    """Try the key, choose what to bring, and fetch it to the end."""
    made = create_move(KEY, try_key(KEY), actor=ACTOR)
    values = {"has_people": True, "list_ids": [], "events": "", **chosen}
    start_move(made.pk, **values, actor=ACTOR)
    return fetch(made)


def fetch(made: Move) -> Move:
    drain_moves(Deadline(None))
    drain_tenant(made.tenant_id, kinds=["jobs"])
    made.refresh_from_db()
    return made


def run_all(tenant: Tenant, made: Move) -> None:
    """Import what a move fetched."""
    import_all(made.pk, actor=ACTOR)
    drain_tenant(tenant.pk)
    assert find_differences() == []


def test_people_lists_and_events_arrive_with_their_consent(
    tenant: Tenant, klaviyo: Klaviyo
) -> None:
    ada = klaviyo.add_person(
        "ada",
        first_name="Ada",
        phone_number="+447700900123",
        external_id="7001",
        created="2023-01-02T03:04:05+00:00",
        location={"country": "United Kingdom", "city": "Bath", "zip": "BA1 1AA"},
        properties={"Soap": "Lemon", "$consent": ["email"], "Sizes": ["S", "M"]},
        **email("SUBSCRIBED", consent_timestamp=AT, method="FORM", method_detail="Footer",
                double_optin=True, can_receive_email_marketing=True),
    )  # fmt: skip
    klaviyo.add_person("bo", **email("UNSUBSCRIBED", consent_timestamp=AT))
    klaviyo.add_person("cy", **email("NEVER_SUBSCRIBED"))
    klaviyo.lists = {"L1": "Newsletter", "L2": "Left out"}
    klaviyo.members = {"L1": [ada]}
    klaviyo.add_event(ada, "Placed Order", "2025-05-06T07:08:09+00:00", value=12.5, Items=["Soap"])

    made = move(list_ids=["L1"], events="all")

    assert (made.stage, made.key_encrypted, made.account) == ("fetched", "", "Soap & Co")
    assert [(each["what"], each["rows"]) for each in made.steps] == [
        ("people", 3),
        ("list", 1),
        ("events", 1),
    ]
    assert set(Import.objects.values_list("stage", flat=True)) == {"checked"}
    assert Profile.objects.count() == 0

    run_all(tenant, made)

    assert [counted(row.counts) for row in Import.objects.order_by("pk")] == [
        {"rows": 3, "new": 3},
        {"rows": 1, "updated": 1},
        {"rows": 1, "new": 1},
    ]
    found = Profile.objects.get(email_norm="ada@example.com")
    assert (found.first_name, found.phone, found.country, found.city, found.tags) == (
        "Ada",
        "+447700900123",
        "GB",
        "Bath",
        ["Newsletter"],
    )
    assert found.properties == {"Soap": "Lemon", "Sizes": ["S", "M"]}
    assert (found.email_consent, found.email_consent_at) == (
        "subscribed",
        datetime(2024, 3, 1, 10, tzinfo=UTC),
    )
    statement = ConsentEvent.objects.get(profile=found)
    assert (statement.method, statement.detail) == (
        "import",
        "Klaviyo: FORM, Footer, double opt-in",
    )
    states = dict(Profile.objects.values_list("email_norm", "email_consent"))
    assert (states["bo@example.com"], states["cy@example.com"]) == ("unsubscribed", "never")
    event = Event.objects.get(name="Placed Order")
    assert (event.is_backfill, event.properties) == (True, {"value": 12.5, "Items": ["Soap"]})
    assert Order.objects.count() == 0


@pytest.mark.parametrize(
    ("reason", "kept", "scope"),
    [
        ("HARD_BOUNCE", "hard_bounce", "all"),
        ("INVALID_EMAIL", "invalid_address", "all"),
        ("SPAM_COMPLAINT", "spam_complaint", "all"),
        ("USER_SUPPRESSED", "manual", "promotional"),
    ],
)
def test_suppressed_addresses_stay_suppressed(
    tenant: Tenant, klaviyo: Klaviyo, reason: str, kept: str, scope: str
) -> None:
    stop = [{"reason": reason, "timestamp": AT}]
    klaviyo.add_person("ada", **email("SUBSCRIBED", consent_timestamp=AT, suppression=stop))
    run_all(tenant, move())
    assert list(Suppression.objects.values_list("channel", "reason", "scope")) == [
        ("email", kept, scope)
    ]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (email("SUBSCRIBED", consent_timestamp=AT), "SUBSCRIBED"),
        (email("SUBSCRIBED", last_updated=AT), "SUBSCRIBED"),
        (email("SUBSCRIBED"), ""),
        (email("UNSUBSCRIBED"), "UNSUBSCRIBED"),
        (email("PENDING", consent_timestamp=AT), "PENDING"),
        (email("NEVER_SUBSCRIBED"), "NEVER_SUBSCRIBED"),
        (
            email("SUBSCRIBED", consent_timestamp=AT,
                  suppression=[{"reason": "UNSUBSCRIBE", "timestamp": AT}]),
            "UNSUBSCRIBED",
        ),
        ({}, ""),
    ],
)  # fmt: skip
def test_consent_is_what_it_was_and_never_more(said: dict[str, Any], state: str) -> None:
    row = read_person({"attributes": {"email": "ada@example.com", **said}})
    assert row.get("Email consent", "") == state


def test_who_may_not_be_written_to_for_no_named_reason_is_suppressed(tenant: Tenant) -> None:
    said = email("SUBSCRIBED", consent_timestamp=AT, can_receive_email_marketing=False)
    row = read_person({"attributes": {"email": "ada@example.com", **said}})
    assert row["Suppression"] == "USER_SUPPRESSED"


def test_who_unsubscribed_here_is_not_subscribed_by_a_move(
    tenant: Tenant, klaviyo: Klaviyo
) -> None:
    bring("email\nada@example.com\n")
    ada = Profile.objects.get()
    record_consent(ada.pk, "email", "unsubscribed", method="one_click")
    later = (clock.now() + timedelta(0)).isoformat()
    klaviyo.add_person("ada", **email("SUBSCRIBED", consent_timestamp=later))
    run_all(tenant, move())
    ada.refresh_from_db()
    assert ada.email_consent == "unsubscribed"


def test_a_second_move_changes_nothing(tenant: Tenant, klaviyo: Klaviyo) -> None:
    ada = klaviyo.add_person("ada", **email("SUBSCRIBED", consent_timestamp=AT))
    klaviyo.add_event(ada, "Opened Email", AT)
    run_all(tenant, move(events="all"))
    before = (Event.objects.count(), ConsentEvent.objects.count())
    run_all(tenant, move(events="all"))
    assert (Event.objects.count(), ConsentEvent.objects.count()) == before
    last = Import.objects.order_by("-pk")[:2]
    assert [counted(row.counts) for row in last] == [{"rows": 1, "unchanged": 1}] * 2


def test_it_waits_as_long_as_klaviyo_asks_and_goes_on(tenant: Tenant, klaviyo: Klaviyo) -> None:
    for number in range(5):
        klaviyo.add_person(f"p{number}")
    made = create_move(KEY, try_key(KEY), actor=ACTOR)
    start_move(made.pk, has_people=True, list_ids=[], events="", actor=ACTOR)
    klaviyo.fails = [(429, {"Retry-After": "7"})]

    drain_moves(Deadline(None))

    made.refresh_from_db()
    assert (made.stage, made.detail) == ("waiting", "Klaviyo asks for patience")
    assert made.wake_at is not None
    assert timedelta(seconds=5) < made.wake_at - clock.now() <= timedelta(seconds=7)
    Move.objects.update(wake_at=clock.now())
    assert fetch(made).stage == "fetched"
    assert Import.objects.get().row_count == 5


def test_a_worker_that_dies_between_file_and_commit_brings_no_row_twice(
    tenant: Tenant, klaviyo: Klaviyo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        klaviyo.add_person(f"p{number}")
    made = create_move(KEY, try_key(KEY), actor=ACTOR)
    start_move(made.pk, has_people=True, list_ids=[], events="", actor=ACTOR)
    write = files.append
    calls: list[int] = []

    def die(path: str, content: str, *, at_byte: int) -> int:
        calls.append(write(path, content, at_byte=at_byte))
        if len(calls) == 2:
            raise OperationalError("the server went away")
        return calls[-1]

    monkeypatch.setattr(files, "append", die)
    with pytest.raises(OperationalError):
        drain_moves(Deadline(None))
    Move.objects.update(lease_until=clock.now())

    assert fetch(made).stage == "fetched"
    emails = [
        cells[0] for cells in ImportRow.objects.order_by("place").values_list("cells", flat=True)
    ]
    assert emails == [f"p{number}@example.com" for number in range(5)]


def test_a_key_that_is_refused_keeps_nothing(tenant: Tenant, klaviyo: Klaviyo) -> None:
    with pytest.raises(Invalid, match="refuses the key"):
        try_key("pk_wrong")
    client = sign_in(tenant)
    answer = client.post(f"/t/{tenant.slug}/imports/klaviyo/", {"key": "pk_wrong"})
    assert answer.status_code == 422
    assert "refuses the key" in answer.content.decode()
    assert Move.objects.count() == 0


def test_a_key_that_expires_pauses_the_move(tenant: Tenant, klaviyo: Klaviyo) -> None:
    klaviyo.add_person("ada")
    made = create_move(KEY, try_key(KEY), actor=ACTOR)
    start_move(made.pk, has_people=True, list_ids=[], events="", actor=ACTOR)
    klaviyo.fails = [(401, {})]
    drain_moves(Deadline(None))
    made.refresh_from_db()
    assert made.stage == "paused"
    client = sign_in(tenant)
    page = client.get(f"/t/{tenant.slug}/imports/klaviyo/{made.pk}/").content.decode()
    assert "Fetching stopped" in page
    client.post(f"/t/{tenant.slug}/imports/klaviyo/{made.pk}/act/", {"do": "resume"})
    assert fetch(made).stage == "fetched"


def test_the_pages_lead_from_the_key_to_the_import(tenant: Tenant, klaviyo: Klaviyo) -> None:
    klaviyo.add_person("ada")
    klaviyo.lists = {"L1": "Newsletter"}
    client: Client = sign_in(tenant)
    answer = client.post(f"/t/{tenant.slug}/imports/klaviyo/", {"key": KEY})
    made = Move.objects.get()
    address = f"/t/{tenant.slug}/imports/klaviyo/{made.pk}/"
    assert answer.headers["Location"] == address
    assert KEY not in made.key_encrypted
    assert "Newsletter" in client.get(address).content.decode()

    assert client.post(address, {}).status_code == 422
    assert client.post(address, {"has_people": "on", "events": ""}).status_code == 302
    fetch(made)

    assert "Import what is checked" in client.get(address).content.decode()
    client.post(f"{address}act/", {"do": "import"})
    drain_tenant(tenant.pk, kinds=["jobs"])
    assert Profile.objects.count() == 1
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"move.created", "move.started"} <= actions


def test_a_move_that_is_cancelled_leaves_nothing(tenant: Tenant, klaviyo: Klaviyo) -> None:
    klaviyo.add_person("ada")
    made = create_move(KEY, try_key(KEY), actor=ACTOR)
    client = sign_in(tenant)
    client.post(f"/t/{tenant.slug}/imports/klaviyo/{made.pk}/act/", {"do": "cancel"})
    made.refresh_from_db()
    assert (made.stage, made.key_encrypted, Import.objects.count()) == ("cancelled", "", 0)


def test_exports_of_klaviyo_need_no_mapping_by_hand(tenant: Tenant) -> None:
    proof = {"consent_source": "Klaviyo"}
    body = (
        "Email,Klaviyo ID,First Name,Last Name,Phone Number,Email Marketing Consent,"
        "Email Marketing Consent Timestamp,Email Suppressions,Profile Created On,Soap\n"
        "ada@example.com,01H,Ada,Byron,+447700900123,SUBSCRIBED,2024-03-01 10:00:00,,"
        "2023-01-02 03:04:05,Lemon\n"
        "bo@example.com,01J,Bo,Ek,,NEVER_SUBSCRIBED,,HARD_BOUNCE,2023-01-02 03:04:05,\n"
    )
    done = bring(body, proof)
    assert counted(done.counts) == {"rows": 2, "new": 2}
    ada = Profile.objects.get(email_norm="ada@example.com")
    assert (ada.email_consent, ada.properties) == ("subscribed", {"Soap": "Lemon"})
    assert Suppression.objects.get().reason == "hard_bounce"

    stops = "Email,Reason,Timestamp\nada@example.com,SPAM_COMPLAINT,2025-01-01 00:00:00\n"
    bring(stops, {"consent_source": "Klaviyo", "state": "unsubscribed"}, kind="consent")

    assert Suppression.objects.filter(reason="spam_complaint").count() == 1
    ada.refresh_from_db()
    assert ada.email_consent == "unsubscribed"
