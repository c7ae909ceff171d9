"""What a campaign waits for, and what stops it: nobody gets what they were kept from."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError

from crm.models import Profile
from flows.models import Campaign
from flows.services.campaigns import building, running
from flows.services.campaigns.scheduling import (
    pause_campaign,
    resume_campaign,
    schedule_campaign,
    unschedule_campaign,
)
from kernel import clock
from messaging.models import Message, Template
from segments.models import Membership, Segment
from tenants.models import Tenant
from tests.factories.campaigns import (
    ids,
    make_audience,
    make_campaign,
    note,
    reached,
    run,
)
from tests.factories.loyalty import make_profile
from tests.flows.support import make_template

pytestmark = pytest.mark.usefixtures("noon", "sender")
MINUTE = timedelta(minutes=1)
SOON = timedelta(seconds=15)


def stand(campaign: Campaign) -> tuple[str, list[int]]:
    """Return the state of a campaign and whom it reached."""
    campaign.refresh_from_db()
    return campaign.state, reached()


@pytest.mark.covers("M2")
@pytest.mark.parametrize("is_nested", [False, True], ids=["itself", "one that it refers to"])
def test_nobody_is_written_to_before_the_excluded_were_computed(
    people: list[Profile],
    audience: Segment,
    noon: time_machine.Traveller,
    *,
    is_nested: bool,
) -> None:
    out = changed = make_audience([], "Bought lately")
    if is_nested:
        changed = make_audience([], "Inner")
        out.definition = {"segment": str(changed.pk), "is": "member"}
        out.save()
    Segment.objects.filter(pk=changed.pk).update(redefined_at=clock.now())
    campaign = make_campaign(audience, [note()], exclude=[out.pk])
    schedule_campaign(campaign.pk)
    run()
    assert stand(campaign) == ("scheduled", [])
    assert campaign.due_at == clock.now() + SOON
    assert (campaign.shown_state, campaign.reason) == (
        "waiting",
        "It is being worked out who is in “Bought lately”. It begins once that is known.",
    )

    Membership.objects.filter(profile=people[0]).update(segment_ids=[audience.pk, out.pk])
    Segment.objects.filter(pk=changed.pk).update(redefined_at=None)
    noon.shift(SOON)
    run()

    assert stand(campaign) == ("sending", ids(people[1:]))
    assert (campaign.shown_state, campaign.reason) == ("sending", "")


def test_an_audience_that_is_changed_while_it_is_taken_waits_where_it_is(
    people: list[Profile],
    audience: Segment,
    noon: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(building, "CHUNK", 2)
    campaign = make_campaign(audience, [note()])
    schedule_campaign(campaign.pk)
    running.take_step()
    running.take_step()
    Segment.objects.update(redefined_at=clock.now())
    run()
    assert stand(campaign) == ("preparing", [])
    assert (campaign.recipient_count, campaign.due_at) == (2, clock.now() + SOON)
    Segment.objects.update(redefined_at=None)
    noon.shift(SOON)
    run()
    assert stand(campaign) == ("sending", ids(people))


def test_what_is_never_computed_is_not_waited_for(people: list[Profile], audience: Segment) -> None:
    Segment.objects.update(redefined_at=clock.now(), kind="static")
    campaign = make_campaign(audience, [note()])
    schedule_campaign(campaign.pk)
    run()
    assert stand(campaign) == ("sending", ids(people))

    slow = make_audience(people, "Slow")
    Segment.objects.filter(pk=slow.pk).update(redefined_at=clock.now(), stopped_at=clock.now())
    other = make_campaign(slow, [note()])
    schedule_campaign(other.pk)
    run()
    assert stand(other) == ("failed", ids(people))
    assert other.reason == (
        "Who is in “Slow” is not known, as working it out took too long. "
        "Make that segment simpler, or choose another one for this campaign."
    )
    unschedule_campaign(other.pk)
    assert stand(other) == ("draft", ids(people))


@pytest.mark.parametrize(
    "changes", [{"message_class": "transactional"}, {"channel": "sms"}], ids=["class", "channel"]
)
def test_a_template_that_is_not_of_marketing_any_more_stops_the_campaign(
    people: list[Profile],
    audience: Segment,
    noon: time_machine.Traveller,
    changes: dict[str, str],
) -> None:
    campaign = make_campaign(audience, [note()], throttle={"per_hour": 120})
    schedule_campaign(campaign.pk)
    run()
    Template.objects.filter(key="note").update(**changes)
    noon.shift(MINUTE)
    run()
    assert stand(campaign) == ("failed", ids(people[:2]))
    assert campaign.reason == (
        "note is not of marketing on this channel any more, so nobody's “no” would count. "
        "Change it back, and resume."
    )

    Template.objects.filter(key="note").update(message_class="promotional", channel="email")
    resume_campaign(campaign.pk)
    for _ in range(3):
        run()
        noon.shift(MINUTE)

    assert reached() == ids(people)
    assert set(Message.objects.values_list("message_class", "channel")) == {
        ("promotional", "email")
    }


@pytest.mark.covers("M3")
@pytest.mark.parametrize("is_paused", [False, True], ids=["held by a gate", "paused"])
def test_a_test_lasts_from_when_its_last_message_left(
    tenant: Tenant, noon: time_machine.Traveller, *, is_paused: bool
) -> None:
    people = [make_profile() for _ in range(60)]
    plan: dict[str, Any] = {"test": {"share": 50, "wait_minutes": 60, "metric": "clicks"}}
    campaign = make_campaign(make_audience(people), [note(), make_template("second").pk], **plan)
    schedule_campaign(campaign.pk)
    run()
    tested = reached()
    if is_paused:
        noon.shift(MINUTE)
        pause_campaign(campaign.pk)
    noon.shift(timedelta(hours=5))
    if is_paused:
        resume_campaign(campaign.pk)
    run()
    assert stand(campaign) == ("sending", tested)
    assert (campaign.phase, campaign.winner) == ("wait", None)

    Message.objects.update(status="sent", sent_at=clock.now())
    Message.objects.filter(node_id="B").update(clicked_at=clock.now())
    noon.shift(timedelta(minutes=59, seconds=59))
    run()
    assert stand(campaign) == ("sending", tested)
    noon.shift(timedelta(seconds=1))
    run()

    assert stand(campaign) == ("sending", ids(people))
    assert campaign.winner == 1


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError(), OperationalError("canceling statement due to statement timeout")],
    ids=["a fault of ours", "a count that takes too long"],
)
def test_a_count_that_breaks_is_made_later_and_keeps_nobody_waiting(
    people: list[Profile],
    audience: Segment,
    noon: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    campaign = make_campaign(audience, [note()])
    schedule_campaign(campaign.pk)
    run()
    Message.objects.update(status="sent", sent_at=clock.now())
    noon.shift(MINUTE)
    run()
    campaign.refresh_from_db()
    figures = campaign.figures
    assert figures["A"]["sent"] == 5

    def break_down(_: Campaign) -> None:
        raise error

    monkeypatch.setattr(running, "count_campaign", break_down)
    noon.shift(timedelta(minutes=10))
    other = make_campaign(make_audience(people[:1]), [note()])
    schedule_campaign(other.pk)
    run()

    later = clock.now() + timedelta(minutes=10)
    for one, state, released in ((campaign, "sent", 5), (other, "sending", 1)):
        one.refresh_from_db()
        assert (one.state, one.reason, one.due_at) == (state, "", later)
        assert one.released_count == released
    assert campaign.figures == figures
