"""Campaigns: one message to everybody who is meant, at the time that was said."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from crm.models import Profile
from flows.choices import CampaignState
from flows.models import Campaign
from flows.services.campaigns import composing, releasing
from flows.services.campaigns.composing import CampaignData
from flows.services.campaigns.gating import ask_campaign
from flows.services.campaigns.scheduling import (
    cancel_campaign,
    pause_campaign,
    resume_campaign,
    schedule_campaign,
    unschedule_campaign,
)
from kernel import clock
from kernel.errors import Conflict, Invalid, Outdated
from messaging.models import Message, SendingStop, Template
from messaging.services.authoring import archive_template
from segments.models import Membership, Segment
from segments.services.segments import delete_segment
from tenants.models import AuditEntry, Tenant
from tests.factories.campaigns import (
    dues,
    ids,
    make_audience,
    make_campaign,
    note,
    reached,
    run,
    state_of,
)
from tests.factories.loyalty import make_profile
from tests.flows.support import pending

pytestmark = pytest.mark.usefixtures("noon", "sender")
LONDON = ZoneInfo("Europe/London")
MINUTE = timedelta(minutes=1)


@pytest.mark.covers("M2")
def test_everybody_in_the_audience_gets_one_message_and_nobody_else(
    people: list[Profile], audience: Segment
) -> None:
    make_profile()
    out = make_audience(people[:2])
    campaign = make_campaign(audience, [note()], exclude=[out.pk])
    assert run() == 0
    schedule_campaign(campaign.pk, actor="ada@example.com")

    run()

    assert reached() == ids(people[2:])
    message = Message.objects.order_by("pk")[0]
    assert message.key == f"campaign:{campaign.pk}:email:{people[2].pk}"
    assert (message.campaign_id, message.node_id, message.template_id) == (
        campaign.pk,
        "A",
        note(),
    )
    assert message.context == {"campaign_id": campaign.pk, "campaign": "Spring"}
    campaign.refresh_from_db()
    assert (campaign.recipient_count, campaign.released_count, campaign.state) == (3, 3, "sending")


def test_it_is_sent_once_nothing_waits_any_more(
    people: list[Profile], audience: Segment, noon: time_machine.Traveller
) -> None:
    campaign = make_campaign(audience, [note()])
    schedule_campaign(campaign.pk)
    run()
    Message.objects.filter(profile=people[0]).update(status="skipped", reason="no_consent")
    Message.objects.exclude(profile=people[0]).update(status="sent", sent_at=clock.now())
    noon.shift(MINUTE)

    run()

    assert state_of(campaign) == "sent"
    assert campaign.finished_at == clock.now()
    figures = campaign.figures["A"]
    assert (figures["sent"], figures["skipped"], figures["reasons"]) == (4, 1, {"no_consent": 1})


def test_nothing_leaves_before_its_time_on_the_wall_of_the_tenant(
    people: list[Profile], audience: Segment, noon: time_machine.Traveller
) -> None:
    campaign = make_campaign(audience, [note()], timing="at", at="2026-06-02T09:00")
    schedule_campaign(campaign.pk)
    assert run() == 0
    nine = datetime(2026, 6, 2, 9, tzinfo=LONDON)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.starts_at) == ("scheduled", nine)

    noon.move_to(nine)
    run()

    assert reached() == ids(people)
    assert set(dues().values()) == {nine}


def test_the_audience_is_taken_when_it_begins(
    people: list[Profile], audience: Segment, noon: time_machine.Traveller
) -> None:
    campaign = make_campaign(audience, [note()], timing="at", at="2026-06-02T09:00")
    schedule_campaign(campaign.pk)
    noon.shift(timedelta(days=1))
    newcomer = make_profile()
    Membership.objects.create(profile=newcomer, segment_ids=[audience.pk])
    Membership.objects.filter(profile=people[0]).update(segment_ids=[])
    run()
    assert reached() == [*ids(people[1:]), newcomer.pk]


@pytest.mark.covers("M2")
def test_a_pause_holds_what_is_queued_and_a_resume_goes_on_where_it_stood(
    people: list[Profile], audience: Segment, noon: time_machine.Traveller
) -> None:
    campaign = make_campaign(audience, [note()], throttle={"per_hour": 120})
    schedule_campaign(campaign.pk)
    run()
    paused = pause_campaign(campaign.pk, reason="Wrong price", actor="ada@example.com")
    assert (paused.state, paused.resumes_to) == ("paused", "sending")
    stop = SendingStop.objects.get()
    assert (stop.scope, stop.target, stop.label) == ("campaign", str(campaign.pk), "Spring")
    with pytest.raises(Conflict):
        pause_campaign(campaign.pk)
    noon.shift(MINUTE)
    assert run() == 0

    resume_campaign(campaign.pk)
    stop.refresh_from_db()
    assert not stop.is_open
    for _ in range(3):
        run()
        noon.shift(MINUTE)
    assert reached() == ids(people)


def test_what_is_cancelled_sends_nothing_more_and_stays_so(
    people: list[Profile], audience: Segment, noon: time_machine.Traveller
) -> None:
    campaign = make_campaign(audience, [note()], throttle={"per_hour": 120})
    schedule_campaign(campaign.pk)
    run()
    pause_campaign(campaign.pk)
    cancel_campaign(campaign.pk, reason="Sold out", actor="ada@example.com")
    noon.shift(timedelta(hours=1))
    run()
    assert len(reached()) == 2
    assert state_of(campaign) == "cancelled"
    kinds = SendingStop.objects.order_by("pk").values_list("kind", "is_open")
    assert list(kinds) == [("pause", False), ("cancel", True)]
    for act in (cancel_campaign, pause_campaign, resume_campaign, unschedule_campaign):
        with pytest.raises(Conflict):
            act(campaign.pk)
    actions = AuditEntry.objects.filter(object_type="campaign").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "campaign.created",
        "campaign.scheduled",
        "campaign.paused",
        "campaign.cancelled",
    ]


def test_its_own_gate_stops_what_a_cancelled_campaign_left(
    people: list[Profile], noon: time_machine.Traveller
) -> None:
    campaign = make_campaign(make_audience(people[:1]), [note()])
    schedule_campaign(campaign.pk)
    run()
    message = pending()
    assert ask_campaign([message], clock.now()) == {}
    Campaign.objects.update(state=CampaignState.CANCELLED)
    verdict = ask_campaign([message], clock.now())[message.id]
    assert (verdict.passed, verdict.reason) == (False, "cancelled")


def test_a_scheduled_one_is_taken_back_and_scheduled_again(audience: Segment) -> None:
    campaign = make_campaign(audience, [note()], timing="at", at="2026-06-02T09:00")
    schedule_campaign(campaign.pk)
    with pytest.raises(Conflict):
        schedule_campaign(campaign.pk)
    with pytest.raises(Conflict):
        composing.delete_campaign(campaign.pk)
    back = unschedule_campaign(campaign.pk)
    assert (back.state, back.starts_at, back.due_at) == ("draft", None, None)
    assert schedule_campaign(campaign.pk).state == "scheduled"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"include_ids": []}, "include_ids"),
        ({"template_ids": []}, "template_ids"),
        ({"template_ids": ["order_note"]}, "template_ids"),
        ({"plan": {"timing": "at"}}, "plan.at"),
        ({"plan": {"timing": "at", "at": "2026-05-31T09:00"}}, "plan.at"),
        ({"channel": "sms", "template_ids": []}, "channel"),
    ],
    ids=["nobody", "no words", "not of marketing", "no time", "a time that passed", "no account"],
)
def test_what_cannot_be_sent_is_refused_and_stays_a_draft(
    audience: Segment, changes: dict[str, object], field: str
) -> None:
    if changes.get("template_ids") == ["order_note"]:
        changes = {"template_ids": [Template.objects.get(key="order_note").pk]}
    said = {"name": "Spring", "template_ids": [note()], "include_ids": [audience.pk], **changes}
    campaign = composing.create_campaign(CampaignData(**said))  # type: ignore[arg-type]
    with pytest.raises(Invalid) as refused:
        schedule_campaign(campaign.pk)
    assert field in refused.value.fields
    assert state_of(campaign) == "draft"
    assert run() == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"channel": "pigeon"}, "channel"),
        ({"template_ids": [999_999]}, "template_ids"),
        ({"include_ids": [999_999]}, "include_ids"),
        ({"exclude_ids": [999_999]}, "exclude_ids"),
        ({"plan": {"holdout": 60}}, "plan.holdout"),
        ({"plan": {"throttle": {"percent": 3}}}, "plan.throttle.percent"),
        ({"plan": {"when": "now"}}, "plan.when"),
    ],
)
def test_a_draft_that_says_nonsense_is_not_kept(
    tenant: Tenant, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        composing.create_campaign(CampaignData(**{"name": "Spring", **changes}))  # type: ignore[arg-type]
    assert field in refused.value.fields
    assert not Campaign.objects.exists()


def test_nobody_saves_over_what_they_have_not_seen(audience: Segment) -> None:
    campaign = make_campaign(audience, [note()])
    data = CampaignData(name="Summer", template_ids=[note()], include_ids=[audience.pk])
    changed = composing.update_campaign(campaign.pk, data, version=campaign.version)
    assert (changed.name, changed.version) == ("Summer", 2)
    with pytest.raises(Outdated):
        composing.update_campaign(campaign.pk, CampaignData(name="Autumn"), version=1)
    with pytest.raises(Outdated):
        schedule_campaign(campaign.pk, version=1)
    assert state_of(campaign) == "draft"
    assert campaign.name == "Summer"


def test_a_copy_is_a_draft_without_the_time_and_without_what_is_gone(
    people: list[Profile], audience: Segment
) -> None:
    gone = make_audience(people[:1])
    campaign = make_campaign(
        audience, [note()], exclude=[gone.pk], timing="at", at="2026-06-02T09:00"
    )
    schedule_campaign(campaign.pk)
    Segment.objects.filter(pk=gone.pk).update(archived_at=gone.created_at)
    with pytest.raises(Conflict, match="are left out here"):
        composing.duplicate_campaign(campaign.pk)
    assert Campaign.objects.get() == campaign
    gone.delete()
    copy = composing.duplicate_campaign(campaign.pk)
    assert (copy.state, copy.name, copy.plan) == ("draft", "Spring, copy", {"holdout": 0})
    assert (copy.include_ids, copy.exclude_ids) == ([audience.pk], [])
    assert composing.delete_campaign(copy.pk) == "Spring, copy"
    assert Campaign.objects.get() == campaign


def test_what_could_not_begin_for_more_than_a_day_is_not_sent(
    audience: Segment, noon: time_machine.Traveller
) -> None:
    campaign = make_campaign(audience, [note()], timing="at", at="2026-06-02T09:00")
    schedule_campaign(campaign.pk)
    noon.move_to(datetime(2026, 6, 3, 9, 1, tzinfo=LONDON))
    run()
    assert state_of(campaign) == "failed"
    assert campaign.reason.startswith("It was to begin on 2 Jun 2026, 09:00")
    assert reached() == []
    with pytest.raises(Conflict):
        resume_campaign(campaign.pk)


def test_what_lost_its_segment_fails_with_the_reason(
    audience: Segment, noon: time_machine.Traveller
) -> None:
    campaign = make_campaign(audience, [note()], timing="at", at="2026-06-02T09:00")
    schedule_campaign(campaign.pk)
    Segment.objects.filter(pk=audience.pk).update(archived_at=clock.now())
    noon.shift(timedelta(days=1))
    run()
    assert state_of(campaign) == "failed"
    assert campaign.reason == (
        "Nothing was sent. A segment of its audience was archived or deleted. Choose another one."
    )
    assert reached() == []


def test_an_empty_audience_fails_rather_than_ends_in_silence(tenant: Tenant) -> None:
    campaign = make_campaign(make_audience([]), [note()])
    schedule_campaign(campaign.pk)
    run()
    assert state_of(campaign) == "failed"
    assert campaign.reason == "Nobody is in its audience, so nothing was sent."


def test_a_step_that_breaks_stops_that_campaign_alone_and_can_be_tried_again(
    people: list[Profile], audience: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = make_campaign(audience, [note()])
    schedule_campaign(broken.pk)
    with monkeypatch.context() as patch:
        patch.setattr(releasing, "queue_audience", lambda *_: 1 / 0)
        run()
    assert state_of(broken) == "failed"
    assert broken.reason == "Something broke on our side (ZeroDivisionError)."
    other = make_campaign(make_audience(people[:1]), [note()])
    schedule_campaign(other.pk)
    run()
    assert reached() == [people[0].pk]
    resume_campaign(broken.pk)
    run()
    assert reached() == sorted([people[0].pk, *ids(people)])


def test_what_a_campaign_still_sends_cannot_be_taken_from_it(audience: Segment) -> None:
    make_campaign(audience, [note()])
    with pytest.raises(Conflict):
        archive_template(note(), is_archived=True)
    with pytest.raises(Conflict):
        delete_segment(audience.pk)
