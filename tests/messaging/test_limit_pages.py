"""The page of the sending limits, frequency rules, and where reasons are judged."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from crm.models import ProfileFacts, Ticket
from messaging.domain.limits import Budget, Guard, Limits, OnHit
from messaging.models import FrequencyRule, Message, SendingLimits
from messaging.queries.limits import find_limits
from messaging.services.limits import ensure_limits
from messaging.views.limit_forms import LimitsForm
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.crm import make_store
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.factories.tenants import make_member
from tests.messaging.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(tenant: Tenant, noon: time_machine.Traveller) -> Client:
    found = Client()
    found.force_login(make_member(tenant, Role.OWNER, "ada@soap.example").user)
    ensure_limits()
    return found


def address(tenant: Tenant, path: str = "") -> str:
    return f"/t/{tenant.slug}/settings/limits/{path}"


def filled(**changes: Any) -> dict[str, Any]:
    """Return what a browser sends of the form as it stands."""
    form = LimitsForm(limits=find_limits())
    values: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        if value is True:
            values[bound.name] = "on"
        elif value is not None and value is not False:
            values[bound.name] = f"{value:%H:%M}" if hasattr(value, "hour") else str(value)
    return values | changes


def test_the_page_says_every_limit_in_plain_sentences(client: Client, tenant: Tenant) -> None:
    text = client.get(address(tenant)).content.decode()
    for sentence in (
        "At most 4 promotional messages in 30 days on any channel, for people who are not engaged.",
        "No SMS, WhatsApp or push from 21:00 to 08:00, by the clock of the person.",
        "In France none from 22:00 to 08:00 and on Sundays and public holidays.",
        (
            "10 points in 7 days for each person, over all channels: email takes 1, SMS takes 2,"
            " WhatsApp takes 2 and push takes 1."
        ),
        (
            "Promotions wait for people with an open ticket, a refund that is not settled,"
            " a bad review without an answer or a parcel that is late."
        ),
    ):
        assert sentence in text


def test_what_is_saved_is_kept_with_an_entry_and_the_same_again_changes_nothing(
    client: Client, tenant: Tenant
) -> None:
    changes = {"budget_points": "5", "budget_on_loss": "skip", "unhappy_review": "off",
               "country_1": "DE", "start_1": "20:00", "end_1": "09:00", "days_1": "5,6",
               "holidays_1": "on", "own_days": "2026-12-24"}  # fmt: skip
    data = filled(**changes)
    for _ in range(2):
        assert client.post(address(tenant), data).status_code == 302
    found = find_limits()
    assert found.budget == Budget(points=5, on_loss=OnHit.SKIP)
    assert found.unhappy.guards["review"] == Guard.OFF
    assert sorted(found.quiet.rules) == ["DE", "FR"]
    assert found.quiet.rules["DE"].weekdays == {5, 6}
    assert found.smart == Limits().smart
    entry = AuditEntry.objects.get(action="limits.changed")
    assert sorted(entry.after or {}) == ["budget", "quiet", "unhappy"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"own_days": "Christmas"}, "Christmas is no day."),
        ({"country_1": "DE"}, "Say a time."),
        ({"country_1": "FR", "start_1": "20:00", "end_1": "09:00"}, "named twice"),
        ({"budget_points": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_kept_changes_nothing(
    client: Client, tenant: Tenant, changes: dict[str, str], words: str
) -> None:
    answer = client.post(address(tenant), filled(**changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert SendingLimits.objects.get().chosen == {}


def test_a_rule_is_added_changed_and_removed(client: Client, tenant: Tenant) -> None:
    data = {"max_n": "", "message_class": "behavioural", "channel": "sms", "window": "7",
            "unit": "days", "audience": "all"}  # fmt: skip
    assert client.post(address(tenant, "rules/new/"), data).status_code == 302
    rule = FrequencyRule.objects.get(channel="sms")
    assert (rule.max_n, rule.window_hours) == (0, 168)
    peak = {"max_n": "3", "first_0": "2026-11-20", "last_0": "2026-12-02", "most_0": "9"}
    client.post(address(tenant, f"rules/{rule.pk}/"), data | peak)
    text = client.get(address(tenant)).content.decode()
    assert "At most 3 behavioural messages in 7 days by SMS." in text
    assert "From 20 Nov 2026 to 2 Dec 2026: at most 9" in text
    client.post(address(tenant, f"rules/{rule.pk}/remove/"))
    assert FrequencyRule.objects.count() == 2
    told = list(AuditEntry.objects.filter(object_type="frequency").order_by("pk"))
    assert [entry.action for entry in told] == [
        "frequency.added",
        "frequency.changed",
        "frequency.removed",
    ]


def test_a_rule_for_the_same_messages_is_refused(client: Client, tenant: Tenant) -> None:
    data = {"max_n": "9", "message_class": "promotional", "channel": "", "window": "30",
            "unit": "days", "audience": "engaged"}  # fmt: skip
    answer = client.post(address(tenant, "rules/new/"), data)
    assert answer.status_code == 422
    assert "There is a rule for these messages" in answer.content.decode()
    assert FrequencyRule.objects.count() == 2


@pytest.mark.covers("X5")
def test_the_page_of_somebody_says_why_promotions_rest(client: Client, tenant: Tenant) -> None:
    person = make_recipient()
    ProfileFacts.objects.create(profile_id=person.pk, open_ticket_count=1)
    Ticket.objects.create(
        store=make_store(), external_id="1", source_version_at=NOON, profile=person,
        subject="Where is it?", opened_at=NOON - timedelta(days=2),
    )  # fmt: skip
    url = f"/t/{tenant.slug}/profiles/{person.pk}/"
    words = "Promotions are paused because of an open ticket (“Where is it?”), since 30 May 2026"
    assert words in client.get(url).content.decode()
    Ticket.objects.update(status="resolved")
    assert "Promotions are paused" not in client.get(url).content.decode()


def test_the_list_of_messages_says_whether_a_reason_is_healthy(
    client: Client, tenant: Tenant
) -> None:
    message = queue_message(make_recipient(), make_template())
    words = {"frequency_cap": "Healthy", "flood": "Worth a look", "sender_dns": "Harmful"}
    for reason, word in words.items():
        Message.objects.filter(pk=message.pk).update(status="skipped", reason=reason)
        text = client.get(f"/t/{tenant.slug}/messages/").content.decode()
        assert f">{word}</span>" in text
