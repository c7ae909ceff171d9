"""How campaigns are sent: when, how fast, to which cell, and through crashes and merges."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import OperationalError

from crm.models import Profile
from crm.services.merging import merge_profiles
from flows.domain.campaigns.cells import draw_cell
from flows.domain.campaigns.plan import Plan
from flows.models import Campaign, Recipient
from flows.services.campaigns import building, releasing, running
from flows.services.campaigns.scheduling import (
    pause_campaign,
    resume_campaign,
    schedule_campaign,
)
from kernel import clock
from kernel.errors import Invalid
from messaging.models import Message, Touch
from segments.models import Segment
from tenants.models import Tenant
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
from tests.flows.support import make_template

pytestmark = pytest.mark.usefixtures("noon", "sender")
LONDON = ZoneInfo("Europe/London")
MINUTE = timedelta(minutes=1)


@pytest.mark.covers("M4")
def test_local_time_is_the_time_on_the_clock_of_each_person(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    tokyo = make_profile(timezone="Asia/Tokyo")
    here = make_profile()
    broken = make_profile(timezone="Nowhere/Land")
    honolulu = make_profile(timezone="Pacific/Honolulu")
    audience = make_audience([tokyo, here, broken, honolulu])
    campaign = make_campaign(audience, [note()], timing="local", at="2026-06-03T09:00")
    schedule_campaign(campaign.pk)

    sent: dict[datetime, set[int]] = {}
    known: set[int] = set()
    while state_of(campaign) != "sending" or len(known) < 4:
        noon.move_to(campaign.due_at or clock.now())
        run()
        new = set(reached()) - known
        if new:
            sent[clock.now()] = new
        known |= new
        campaign.refresh_from_db()

    at_nine = {
        datetime(2026, 6, 3, 9, tzinfo=ZoneInfo("Asia/Tokyo")): {tokyo.pk},
        datetime(2026, 6, 3, 9, tzinfo=LONDON): {here.pk, broken.pk},
        datetime(2026, 6, 3, 9, tzinfo=ZoneInfo("Pacific/Honolulu")): {honolulu.pk},
    }
    assert sent == at_nine


@pytest.mark.parametrize(
    ("if_past", "day"), [("now", None), ("next_day", 2)], ids=["at once", "the next day"]
)
def test_where_the_time_has_passed_it_is_sent_as_the_plan_says(
    tenant: Tenant, if_past: str, day: int | None
) -> None:
    tokyo = make_profile(timezone="Asia/Tokyo")
    plan: dict[str, Any] = {"timing": "local", "at": "2026-06-01T20:00", "if_past": if_past}
    campaign = make_campaign(make_audience([tokyo]), [note()], **plan)
    schedule_campaign(campaign.pk)
    run()
    due = Recipient.objects.get().due_at
    expected = clock.now()
    if day is not None:
        expected = datetime(2026, 6, day, 20, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert due == expected


def test_an_audience_of_many_chunks_is_taken_and_released_whole(
    people: list[Profile], audience: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "CHUNK", 2)
    monkeypatch.setattr(releasing, "CHUNK", 2)
    campaign = make_campaign(audience, [note()])
    schedule_campaign(campaign.pk)
    run()
    assert reached() == ids(people)
    campaign.refresh_from_db()
    assert (campaign.recipient_count, campaign.released_count) == (5, 5)


@pytest.mark.parametrize("fatal", range(1, 9))
def test_a_worker_that_dies_at_any_step_leaves_nobody_out_and_doubles_nobody(
    people: list[Profile], audience: Segment, monkeypatch: pytest.MonkeyPatch, fatal: int
) -> None:
    monkeypatch.setattr(building, "CHUNK", 2)
    monkeypatch.setattr(releasing, "CHUNK", 2)
    steps = dict(running._STEPS)
    taken = 0

    def dying(name: str):  # type: ignore[no-untyped-def]
        def step(campaign: Campaign, now: datetime) -> None:
            nonlocal taken
            taken += 1
            steps[name](campaign, now)
            if taken == fatal:
                raise OperationalError("the worker died after its step was written")

        return step

    monkeypatch.setattr(running, "_STEPS", {name: dying(name) for name in steps})
    campaign = make_campaign(audience, [note()])
    schedule_campaign(campaign.pk)
    try:
        run()
    except OperationalError:
        run()
    assert reached() == ids(people)
    campaign.refresh_from_db()
    assert (campaign.recipient_count, campaign.released_count) == (5, 5)


@pytest.mark.covers("X4")
def test_lots_decide_who_is_held_out_and_they_get_nothing(tenant: Tenant) -> None:
    people = [make_profile() for _ in range(40)]
    campaign = make_campaign(make_audience(people), [note()], holdout=25)
    schedule_campaign(campaign.pk)
    run()
    drawn = {
        person.pk: draw_cell(Plan(holdout=25), 1, tenant.pk, campaign.pk, person.pk)
        for person in people
    }
    held_out = {pk for pk, cell in drawn.items() if cell == Recipient.HELD_OUT}
    assert 0 < len(held_out) < 25
    assert set(reached()) == drawn.keys() - held_out
    rows = Recipient.objects.filter(cell=Recipient.HELD_OUT)
    assert set(rows.values_list("profile_id", flat=True)) == held_out
    campaign.refresh_from_db()
    assert (campaign.held_out_count, campaign.recipient_count) == (len(held_out), 40)


def test_a_throttle_lets_its_share_go_minute_by_minute(
    people: list[Profile], audience: Segment, noon: time_machine.Traveller
) -> None:
    campaign = make_campaign(audience, [note()], throttle={"per_hour": 120})
    schedule_campaign(campaign.pk)
    run()
    assert len(reached()) == 2
    noon.shift(MINUTE)
    run()
    assert len(reached()) == 4
    pause_campaign(campaign.pk)
    noon.shift(timedelta(hours=3))
    run()
    assert len(reached()) == 4
    resume_campaign(campaign.pk)
    run()
    assert reached() == ids(people)
    assert max(dues().values()) == clock.now()


def test_a_slow_throttle_lets_one_go_after_the_other(
    people: list[Profile], audience: Segment, noon: time_machine.Traveller
) -> None:
    schedule_campaign(make_campaign(audience, [note()], throttle={"per_hour": 7}).pk)
    counts = []
    for _ in range(31):
        run()
        counts.append(len(reached()))
        noon.shift(MINUTE)
    assert counts[0] == 0
    assert counts[-1] == 3
    assert all(later - earlier in {0, 1} for earlier, later in pairwise(counts))


@pytest.mark.parametrize("released", [False, True], ids=["before", "after the first was released"])
@pytest.mark.parametrize("winner", [0, 1], ids=["into the first", "into the second"])
def test_two_who_become_one_get_one_message(
    tenant: Tenant, *, winner: int, released: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [make_profile() for _ in range(2)]
    campaign = make_campaign(make_audience(both), [note()])
    schedule_campaign(campaign.pk)
    monkeypatch.setattr(releasing, "CHUNK", 1)
    while state_of(campaign) != "sending":
        running.take_step()
    if released:
        running.take_step()
        assert reached() == [both[0].pk]
    merge_profiles([(both[winner].pk, both[1 - winner].pk)], rule="manual")
    run()
    assert reached() == [both[winner].pk]
    assert Recipient.objects.get().profile_id == both[winner].pk


def test_one_who_is_merged_into_somebody_outside_still_gets_it(tenant: Tenant) -> None:
    inside, outside = make_profile(), make_profile()
    campaign = make_campaign(make_audience([inside]), [note()])
    schedule_campaign(campaign.pk)
    while state_of(campaign) != "sending":
        running.take_step()
    merge_profiles([(outside.pk, inside.pk)], rule="manual")
    run()
    assert reached() == [outside.pk]


@pytest.mark.covers("M3")
def test_the_template_that_did_best_goes_to_everybody_else_once(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    people = [make_profile() for _ in range(60)]
    second = make_template("second")
    plan: dict[str, Any] = {"test": {"share": 50, "wait_minutes": 60, "metric": "clicks"}}
    campaign = make_campaign(make_audience(people), [note(), second.pk], **plan)
    schedule_campaign(campaign.pk)
    run()
    tested = reached()
    assert 0 < len(tested) < 60
    letters = set(Message.objects.values_list("node_id", "template_id"))
    assert letters == {("A", note()), ("B", second.pk)}
    Message.objects.update(status="sent", sent_at=clock.now())
    Message.objects.filter(node_id="B").update(clicked_at=clock.now())
    noon.shift(timedelta(minutes=59))
    run()
    assert reached() == tested

    noon.shift(MINUTE)
    run()

    assert reached() == ids(people)
    rest = Message.objects.exclude(profile_id__in=tested)
    assert set(rest.values_list("node_id", "template_id")) == {("B", second.pk)}
    campaign.refresh_from_db()
    assert campaign.winner == 1
    assert campaign.verdict.startswith("B is the best with a chance of ")


@pytest.mark.covers("M3")
def test_the_time_that_did_best_is_that_of_everybody_else(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    people = [make_profile() for _ in range(60)]
    second = make_template("second")
    test = {"share": 50, "wait_minutes": 60, "metric": "clicks", "times": ["18:00", "09:30"]}
    campaign = make_campaign(make_audience(people), [note(), second.pk], test=test)
    schedule_campaign(campaign.pk)
    run()
    assert reached() == []

    morning = datetime(2026, 6, 2, 9, 30, tzinfo=LONDON)
    evening = datetime(2026, 6, 1, 18, tzinfo=LONDON)
    for at in (evening, morning):
        noon.move_to(at)
        run()
    assert set(Message.objects.values_list("node_id", "due_at")) == {
        ("A", evening),
        ("B", morning),
    }
    tested = reached()
    Message.objects.update(status="sent", sent_at=clock.now())
    Message.objects.filter(node_id="B").update(clicked_at=clock.now())
    noon.shift(timedelta(minutes=1))
    run()
    noon.shift(timedelta(minutes=60))
    run()

    rest = Message.objects.exclude(profile_id__in=tested)
    assert reached() == ids(people)
    assert set(rest.values_list("node_id", "due_at")) == {("B", morning + timedelta(days=1))}
    campaign.refresh_from_db()
    assert (campaign.phase, campaign.phase_at) == ("", morning + timedelta(days=1))


@pytest.mark.covers("M4")
def test_everybody_gets_it_at_the_hour_they_are_used_to(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    crowd, lark, newcomer = (make_profile() for _ in range(3))
    tokyo = make_profile(timezone="Asia/Tokyo")
    old = Message.objects.create(
        key="old",
        profile=crowd,
        channel="email",
        message_class="promotional",
        template_id=note(),
    )

    def look(person: Profile, hour: int, times: int) -> None:
        at = datetime(2026, 5, 20, hour, 10, tzinfo=LONDON)
        Touch.objects.bulk_create(
            Touch(message=old, profile=person, kind="opened", at=at) for _ in range(times)
        )

    look(crowd, 19, 200)
    look(lark, 7, 40)
    audience = make_audience([lark, newcomer, tokyo])
    campaign = make_campaign(audience, [note()], timing="best_hour", at="2026-06-03T00:00")
    schedule_campaign(campaign.pk)
    campaign.refresh_from_db()
    noon.move_to(campaign.due_at or clock.now())
    run()
    assert dict(Recipient.objects.values_list("profile_id", "due_at")) == {
        lark.pk: datetime(2026, 6, 3, 7, tzinfo=LONDON),
        newcomer.pk: datetime(2026, 6, 3, 19, tzinfo=LONDON),
        tokyo.pk: datetime(2026, 6, 3, 19, tzinfo=ZoneInfo("Asia/Tokyo")),
    }


@pytest.mark.covers("M2")
def test_its_own_utm_parameters_go_with_each_message(audience: Segment) -> None:
    plain = make_campaign(audience, [note()])
    schedule_campaign(plain.pk)
    tagged = make_campaign(audience, [note()], utm={"utm_campaign": "sale", "utm_term": ""})
    schedule_campaign(tagged.pk)
    run()
    contexts = dict(Message.objects.values_list("campaign_id", "context"))
    assert "utm" not in contexts[plain.pk]
    assert contexts[tagged.pk]["utm"] == {"utm_campaign": "sale"}
    with pytest.raises(Invalid) as refused:
        make_campaign(audience, [note()], utm={"utm_source": "{nobody}", "gclid": "7"})
    assert sorted(refused.value.fields) == ["plan.utm.gclid", "plan.utm.utm_source"]
