"""Events and statements of consent out of files: once each, and nobody is subscribed again."""

from datetime import UTC, datetime

from crm.models import ConsentEvent, Event, Profile
from crm.services.checks import find_differences
from imports.models import ImportRow
from tenants.models import Tenant
from tests.imports.files import bring, check, counted

EVENTS = (
    "Email,Event,Timestamp,Page\n"
    "ada@example.com,Viewed Lookbook,2024-05-01T10:00:00Z,Spring\n"
    "ada@example.com,Viewed Lookbook,2024-05-01T10:00:00Z,Summer\n"
    "ada@example.com,Viewed Lookbook,2024-05-01T10:00:00Z,Spring\n"
    "bo@example.com,Order Placed,2024-05-01T10:00:00Z,Spring\n"
    ",Viewed Lookbook,2024-05-01T10:00:00Z,Spring\n"
    "bo@example.com,Viewed Lookbook,,Spring\n"
    "bo@example.com,,2024-05-01T10:00:00Z,Spring\n"
)
PROOF = {"consent_source": "Fair of 2024", "consent_on": "2024-05-01"}


def test_events_arrive_once_each_and_start_nothing(tenant: Tenant) -> None:
    checked = check(EVENTS, kind="events")
    assert Event.objects.count() == 0
    done = bring(EVENTS, kind="events")

    wanted = {"rows": 6, "new": 2, "duplicate": 1, "refused": 4}
    assert counted(checked.checked) == counted(done.counts) == wanted
    found = Event.objects.filter(name="Viewed Lookbook").order_by("pk")
    assert [event.properties for event in found] == [{"Page": "Spring"}, {"Page": "Summer"}]
    assert set(Event.objects.values_list("is_backfill", flat=True)) == {True}
    assert not Event.objects.filter(name="Order Placed").exists()

    again = bring(EVENTS, kind="events")

    assert counted(again.counts) == {"rows": 6, "unchanged": 2, "duplicate": 1, "refused": 4}
    assert found.count() == 2


def test_the_id_of_an_event_is_what_makes_it_the_same(tenant: Tenant) -> None:
    head = "email,event,time,message id\n"
    bring(f"{head}ada@example.com,Signed up,2024-05-01 10:00,m-1\n", kind="events")
    done = bring(f"{head}ada@example.com,Signed up,2024-06-01 10:00,m-1\n", kind="events")
    assert counted(done.counts) == {"rows": 1, "unchanged": 1}
    assert Event.objects.filter(name="Signed up").count() == 1


def test_json_lines_bring_events_with_their_properties(tenant: Tenant) -> None:
    body = (
        '{"email": "ada@example.com", "event": "Quiz Done", "timestamp": "2024-05-01T10:00:00Z", '
        '"properties": {"skin": "dry"}}\n'
    )
    bring(body, kind="events", filename="events.jsonl")
    assert Event.objects.get(name="Quiz Done").properties == {"properties.skin": "dry"}


def test_statements_arrive_with_their_proof(tenant: Tenant) -> None:
    body = (
        "email,channel,state,occurred at,source\n"
        "ada@example.com,email,subscribed,2024-02-01 10:00,Checkout\n"
        "bo@example.com,,unsubscribed,,\n"
        "cy@example.com,email,subscribed,,\n"
        "di@example.com,pigeon,subscribed,,\n"
        "ada@example.com,email,unsubscribed,,\n"
    )

    done = bring(body, PROOF, kind="consent")

    assert counted(done.counts) == {"rows": 4, "new": 3, "duplicate": 1, "refused": 1}
    found = ConsentEvent.objects.order_by("profile__email_norm").values_list(
        "profile__email_norm", "channel", "state", "method", "detail", "occurred_at__year"
    )
    rows = list(found)
    assert rows[0] == ("ada@example.com", "email", "subscribed", "import", "Checkout", 2024)
    assert rows[1][:5] == (
        "bo@example.com",
        "email",
        "unsubscribed",
        "import",
        PROOF["consent_source"],
    )
    assert rows[2] == (
        "cy@example.com",
        "email",
        "subscribed",
        "import",
        PROOF["consent_source"],
        2024,
    )
    assert find_differences() == []


def test_an_import_of_consent_subscribes_nobody_again(tenant: Tenant) -> None:
    leaving = {**PROOF, "state": "unsubscribed"}
    bring("Email Address,UNSUB_TIME\nada@example.com,2023-01-01 10:00\n", leaving, kind="consent")

    done = bring(
        "email\nada@example.com\nbo@example.com\n", {**PROOF, "state": "subscribed"}, kind="consent"
    )

    assert counted(done.counts) == {"rows": 2, "new": 1, "unchanged": 1, "held": 1}
    states = Profile.objects.order_by("email_norm").values_list("email_consent", flat=True)
    assert list(states) == ["unsubscribed", "subscribed"]
    left = ConsentEvent.objects.get(state="unsubscribed")
    assert left.occurred_at == datetime(2023, 1, 1, 10, tzinfo=UTC)


def test_a_second_import_of_consent_changes_nothing(tenant: Tenant) -> None:
    body = "email,state\nada@example.com,subscribed\nbo@example.com,unsubscribed\n"
    bring(body, PROOF, kind="consent")
    again = bring(body, PROOF, kind="consent")
    assert counted(again.counts) == {"rows": 2, "unchanged": 2}
    assert ConsentEvent.objects.count() == 2


def test_a_statement_that_says_no_is_none(tenant: Tenant) -> None:
    done = bring("email,state\nada@example.com,no\n", PROOF, kind="consent")
    assert counted(done.counts) == {"rows": 1, "unchanged": 1}
    assert Profile.objects.count() == 0
    assert ImportRow.objects.exclude(outcome="").count() == 0
