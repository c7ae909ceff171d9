"""All messages of one person on their page: every channel, every reason, page by page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.html import escape

from crm.models import Profile
from messaging.choices import Outcome, SkipReason
from messaging.models import Message
from messaging.queries.detail import AFTER_GATES, BEFORE_GATES
from messaging.queries.words import GATES, JUDGEMENTS
from messaging.services.limits import ensure_limits
from messaging.views import panels
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.factories.phones import make_text_template
from tests.factories.tenants import sign_in
from tests.messaging.conftest import NOON
from tests.support.lanes import claim_batch

pytestmark = pytest.mark.covers("M9")
NEW_YORK = "America/New_York"


@pytest.fixture
def zoe(shop: Tenant) -> Profile:
    Tenant.objects.filter(pk=shop.pk).update(timezone=NEW_YORK)
    ensure_limits()
    return make_recipient(email="zoe@example.com", phone="", first_name="Zoe")


@pytest.fixture
def client(shop: Tenant) -> Client:
    return sign_in(shop)


def path(shop: Tenant, person: Profile) -> str:
    return f"/t/{shop.slug}/profiles/{person.pk}/messages/"


def skip(person: Profile, reason: SkipReason, minutes: int = 0, channel: str = "email") -> Message:
    """Leave a message behind that a gate stopped, as the gates leave it."""
    template = make_template(f"n-{reason}-{minutes}-{channel}")
    message = queue_message(person, template)
    gates = [
        {"gate": "profile", "passed": True, "detail": ""},
        {"gate": "consent", "passed": False, "detail": f"value of {reason}"},
    ]
    Message.objects.filter(pk=message.pk).update(
        channel=channel,
        status="skipped",
        reason=reason.value,
        detail=f"value of {reason}",
        gates=gates,
        created_at=NOON + timedelta(minutes=minutes),
    )
    return message


def test_messages_of_four_channels_are_listed_newest_first_with_every_gate_and_its_value(
    shop: Tenant, zoe: Profile, client: Client
) -> None:
    for channel in ("sms", "whatsapp", "push"):
        queue_message(zoe, make_text_template(f"By {channel}", channel), channel=channel)
        claim_batch(channel, size=10, now=NOON)
    queue_message(zoe, make_template(subject="By mail"))
    claim_batch("email", size=10, now=NOON)
    outcomes = Message.objects.order_by("pk").values_list("channel", "status", "reason")
    assert list(outcomes) == [
        ("sms", "skipped", "address_missing"),
        ("whatsapp", "skipped", "address_missing"),
        ("push", "skipped", "address_missing"),
        ("email", "sending", ""),
    ]

    page = client.get(path(shop, zoe)).text

    assert shown(page, list(Message.objects.order_by("pk"))) == [3, 2, 1, 0]
    mail = Message.objects.get(channel="email")
    assert mail.gates is not None
    asked = {gate["gate"] for gate in mail.gates}
    of_others = {"exit_condition", "flow_filter", "discount", "coupon"}
    told_of_when_they_stop = {*BEFORE_GATES, *AFTER_GATES}
    assert asked == GATES.keys() - of_others - told_of_when_they_stop
    for gate in mail.gates:
        assert escape(GATES[gate["gate"]]) in page
        assert escape(gate["detail"]) in page
    assert page.count("No address on this channel") == 3
    assert page.count("Healthy") == 3
    assert f"/t/{shop.slug}/messages/{mail.pk}/" in page


def test_every_reason_says_its_sentence_its_value_and_its_class(
    shop: Tenant, zoe: Profile, client: Client
) -> None:
    for reason in SkipReason:
        skip(zoe, reason)
    page = client.get(path(shop, zoe)).text
    for reason in SkipReason:
        assert escape(reason.label) in page
        assert f"value of {reason}" in page
    for judgement in JUDGEMENTS.values():
        assert str(judgement.reason_class.label) in page
    assert page.count("Why it was not sent") == len(SkipReason)


def test_the_second_page_goes_on_where_the_first_ends_and_keeps_what_was_chosen(
    shop: Tenant, zoe: Profile, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "PAGE_SIZE", 2)
    rows = [skip(zoe, SkipReason.NO_CONSENT, minutes) for minutes in range(5)]
    first = client.get(path(shop, zoe), {"channel": "email"}).text
    assert shown(first, rows) == [4, 3]
    assert f"channel=email&amp;after={rows[3].pk}" in first
    second = client.get(path(shop, zoe), {"channel": "email", "after": str(rows[3].pk)}).text
    assert shown(second, rows) == [2, 1]
    last = client.get(path(shop, zoe), {"after": str(rows[1].pk)}).text
    assert shown(last, rows) == [0]
    assert "Older" not in last
    assert "Newest" in last


def shown(page: str, rows: list[Message]) -> list[int]:
    """Return the places of the messages on a page, in its order."""
    found = {
        page.index(f'"Message {row.pk}"'): n
        for n, row in enumerate(rows)
        if f'"Message {row.pk}"' in page
    }
    return [found[place] for place in sorted(found)]


def test_channel_and_outcome_narrow_the_list_and_times_are_the_merchants(
    shop: Tenant, zoe: Profile, client: Client
) -> None:
    skipped = skip(zoe, SkipReason.NO_CONSENT)
    text = skip(zoe, SkipReason.ADDRESS_MISSING, channel="sms")
    sent = queue_message(zoe, make_template("sent"))
    Message.objects.filter(pk=sent.pk).update(
        status="sent", sent_at=NOON, address="zoe@example.com", opened_at=NOON
    )
    rows = [skipped, text, sent]
    narrowed = {
        "channel=sms": [1],
        "status=skipped": [1, 0],
        "status=opened": [2],
        "status=skipped&channel=email": [0],
        "status=nonsense&channel=fax&after=x": [2, 1, 0],
    }
    for query, expected in narrowed.items():
        assert shown(client.get(f"{path(shop, zoe)}?{query}").text, rows) == expected
    nothing = client.get(f"{path(shop, zoe)}?status=failed").text
    assert "No message like that" in nothing
    page = client.get(path(shop, zoe)).text
    assert "08:00" in page  # noon of UTC in New York
    assert Outcome.OPENED.label in page
