"""Messages of a kind as a condition: events bear the tags of their template, robots none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.choices import Channel
from crm.models import Event, Profile, ProfileFacts
from crm.types import EventRef
from kernel.batches import Deadline
from kernel.clock import simulated
from messaging.models import Message, Template
from messaging.services.tracking import record_click, record_open
from messaging.types import Hit, LinkToken
from segments.choices import Cause
from segments.domain.definitions import parse
from segments.domain.words import describe
from segments.fields import FIELDS
from segments.models import Membership
from segments.queries.reasons import explain_segments
from segments.queries.suggestions import Asked, list_suggestions
from segments.services.clock import reevaluate_due
from segments.services.evaluate import matching
from segments.services.live import refresh_for_events
from segments.services.rebuild import rebuild
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.factories.segments import make_segment

pytestmark = [pytest.mark.django_db, pytest.mark.covers("M14")]

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
PERSON, ROBOT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140", "Barracuda Sentinel"
LESSONS: dict[str, Any] = {
    "event": "Message Opened",
    "count": {"is": ">=", "value": 3},
    "where": [
        {"property": "tags", "is": "=", "value": "educational"},
        {"property": "channel", "is": "=", "value": "email"},
    ],
    "within": {"days": 30},
}


def make_kind(*tags: str) -> Template:
    made = make_template("-".join(tags))
    Template.objects.filter(pk=made.pk).update(tags=sorted(tags))
    return made


def send(person: Profile, template: Template) -> Message:
    message = queue_message(person, template, due_at=NOW - timedelta(days=1))
    Message.objects.filter(pk=message.pk).update(sent_at=NOW - timedelta(days=1), status="sent")
    return message


def read(message: Message, at: datetime, agent: str = PERSON) -> None:
    hit = Hit("GET", agent, None, is_prefetch=False, at=at)
    record_open(LinkToken(message.tenant_id, message.pk), hit)
    record_click(LinkToken(message.tenant_id, message.pk, "https://shop.example/"), hit)


def hear(at: datetime) -> None:
    """Let segments hear of every event so far."""
    refs = [
        EventRef(row.pk, row.name, row.occurred_at, row.profile_id, row.object_id, False)
        for row in Event.objects.filter(name="Message Opened")
    ]
    with simulated(at):
        refresh_for_events(refs)


def members(segment_id: int) -> list[int]:
    rows = Membership.objects.filter(segment_ids__contains=[segment_id])
    return sorted(rows.values_list("profile_id", flat=True))


def test_three_educational_mails_that_a_person_opened_let_somebody_in(tenant: Tenant) -> None:
    ada, bob, cy = (make_recipient(first_name=name) for name in ("Ada", "Bob", "Cy"))
    lesson, offer = make_kind("educational", "news"), make_kind("offer")
    segment = make_segment(LESSONS)
    with simulated(NOW):
        rebuild(NOW, Cause.DEFINITION)
    for person, agent in ((ada, PERSON), (cy, ROBOT)):
        for hours in (1, 2, 3):
            read(send(person, lesson), NOW - timedelta(hours=hours), agent)
    for template, hours in ((lesson, 1), (lesson, 2), (offer, 3)):
        read(send(bob, template), NOW - timedelta(hours=hours))
    assert members(segment.pk) == []

    hear(NOW)
    people = [ada.pk, bob.pk, cy.pk]
    assert members(segment.pk) == [ada.pk]
    assert matching(LESSONS, people, NOW) == {ada.pk}
    clicked = {**LESSONS, "event": "Message Clicked", "count": {"is": ">=", "value": 2}}
    assert matching(clicked, people, NOW) == {ada.pk, bob.pk}
    never = {**LESSONS, "count": {"is": "=", "value": 0}}
    assert matching(never, people, NOW) == {cy.pk}
    assert not ProfileFacts.objects.filter(profile=cy, last_opened_at__isnull=False).exists()

    [reason] = explain_segments(ada.pk, NOW, segment_id=segment.pk)
    [leaf] = reason.leaves
    assert (leaf.words, leaf.actual, leaf.holds) == (
        "Opened 3 or more educational emails in the last 30 days",
        "3 times",
        True,
    )
    [reason] = explain_segments(bob.pk, NOW, segment_id=segment.pk)
    assert (reason.leaves[0].actual, reason.is_member) == ("twice", False)

    with simulated(NOW + timedelta(days=31)):
        reevaluate_due(Deadline(seconds=None))
    assert members(segment.pk) == []


def test_a_tag_that_comes_later_says_nothing_of_what_was_opened_before(tenant: Tenant) -> None:
    ada, template = make_recipient(), make_kind("news")
    read(send(ada, template), NOW - timedelta(hours=2))
    Template.objects.filter(pk=template.pk).update(tags=["educational"])
    once = {**LESSONS, "count": {"is": ">=", "value": 1}}
    assert matching(once, [ada.pk], NOW) == set()
    read(send(ada, template), NOW - timedelta(hours=1))
    assert matching(once, [ada.pk], NOW) == {ada.pk}


def test_tags_and_channels_are_offered_before_anybody_opened_anything(tenant: Tenant) -> None:
    make_kind("educational", "tea")

    def offered(of: str, name: str = "") -> list[str]:
        asked = Asked(of, name, event="Message Opened")
        return [one.value for one in list_suggestions(asked)]

    assert offered("event_property") == ["channel", "tags"]
    assert {"educational", "tea"} <= set(offered("event_value", "tags"))
    assert offered("event_value", "channel") == sorted(Channel.values)
    assert list_suggestions(Asked("event_value", "tags", event="Product Viewed")) == []


WORDS: list[tuple[dict[str, Any], str]] = [
    ({"count": {"is": ">=", "value": 1}}, "Opened at least one educational email"),
    ({"count": {"is": "=", "value": 0}}, "Opened no educational email"),
    ({"count": {"is": "<", "value": 4}}, "Opened fewer than 4 educational emails"),
    ({"event": "Message Clicked"}, "Clicked in 3 or more educational emails"),
    ({"event": "Message Sent"}, "Was sent 3 or more educational emails"),
    (
        {"where": [{"property": "tags", "is": "in", "value": ["offer", "news"]}]},
        "Opened 3 or more offer or news messages",
    ),
    (
        {"where": [{"property": "tags", "is": "!=", "value": "offer"}]},
        "“Message Opened” where tags is not offer: at least 3 times",
    ),
]


@pytest.mark.parametrize(("changed", "words"), WORDS)
def test_a_condition_on_messages_of_a_kind_reads_as_it_is_said(
    tenant: Tenant, changed: dict[str, Any], words: str
) -> None:
    whole = {key: value for key, value in {**LESSONS, **changed}.items() if key != "within"}
    assert describe(parse(whole, FIELDS), str, {}) == words
