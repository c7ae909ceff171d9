"""How often and when people are disturbed: each limit, what waits for it, what is kept of it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.models import (
    ProfileFacts,
)
from kernel.tenancy import tenant_scope
from messaging.domain.frequency import Peak, Rule, find_opening, find_opening_of_points
from messaging.domain.limits import (
    Budget,
    Guard,
    Limits,
    OnHit,
    QuietSettings,
    SmartSending,
    Unhappy,
    read_limits,
    write_limits,
)
from messaging.models import ChannelAccount, FrequencyRule, Message, SendingLimits
from messaging.queries.messages import find_problems
from messaging.services.limits import ensure_limits
from messaging.services.senders import ensure_default_sender
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template
from tests.messaging.conftest import NOON
from tests.support.lanes import claim_due
from tests.support.limits import DAY, HOUR, ask, cap, left, queue, said, send, set_limits

# frequency


@pytest.mark.covers("F20")
def test_a_rule_stops_one_more_and_says_how_many_there_were(people: Tenant) -> None:
    cap(2)
    person, template = make_recipient(), make_template()
    left(person, template, NOON - 2 * DAY)

    first = send(person, template)
    assert (first.status, said(first, "frequency")) == ("sending", "1 of 2 in 30 days")
    Message.objects.filter(pk=first.pk).update(status="sent", sent_at=NOON - DAY)

    second = send(person, template)
    assert (second.status, second.reason) == ("skipped", "frequency_cap")
    assert second.detail == "2 promotional messages in 30 days already"


def test_what_has_room_again_before_its_moment_passes_waits_for_it(people: Tenant) -> None:
    cap(1, days=2)
    person, template = make_recipient(), make_template()
    left(person, template, NOON - DAY - 12 * HOUR)

    held = send(person, template)

    assert (held.status, held.reason, held.due_at) == ("pending", "frequency_cap", NOON + 12 * HOUR)
    assert ask(held).status == "sending"


@pytest.mark.parametrize("max_n", [0, 1])
def test_no_number_is_no_limit(people: Tenant, max_n: int) -> None:
    cap(max_n)
    person, template = make_recipient(), make_template()
    left(person, template, NOON - 5 * DAY)
    assert send(person, template).status == ("sending" if max_n == 0 else "skipped")


@pytest.mark.covers("F20")
def test_messages_about_orders_are_never_counted_and_never_stopped(people: Tenant) -> None:
    cap(1)
    person, receipt = make_recipient(), make_template("r", "transactional")
    for hours in range(1, 21):
        left(person, receipt, NOON - hours * HOUR)
    assert send(person, make_template()).status == "sending"
    Message.objects.update(status="sent", sent_at=NOON, claimed_at=NOON)
    assert send(person, receipt).status == "sending"
    assert send(person, make_template("cart", "behavioural")).status == "sending"


def test_a_rule_of_one_channel_counts_that_channel_alone(people: Tenant) -> None:
    cap(1, channel="email")
    person, template = make_recipient(), make_template()
    left(person, template, NOON - 2 * DAY, channel="sms")
    assert send(person, template).status == "sending"


@pytest.mark.covers("F20")
@pytest.mark.parametrize(("days", "expected"), [(89, "sending"), (91, "skipped")])
def test_who_is_engaged_may_get_more(people: Tenant, days: int, expected: str) -> None:
    cap(1, audience="unengaged")
    cap(3, audience="engaged")
    person, template = make_recipient(), make_template()
    ProfileFacts.objects.create(profile_id=person.pk, last_clicked_at=NOON - days * DAY)
    left(person, template, NOON - 5 * DAY)
    assert send(person, template).status == expected


@pytest.mark.covers("F20")
@pytest.mark.parametrize(
    ("first", "expected"), [(date(2026, 6, 1), "sending"), (date(2026, 6, 2), "skipped")]
)
def test_in_a_peak_season_its_own_number_holds(people: Tenant, first: date, expected: str) -> None:
    cap(1, peaks=[Peak(first, date(2026, 6, 5), 3)])
    person, template = make_recipient(), make_template()
    left(person, template, NOON - 5 * DAY)
    assert send(person, template).status == expected


@pytest.mark.covers("F20")
def test_the_twelfth_message_in_three_days_is_stopped_and_told(people: Tenant) -> None:
    set_limits(smart=dict.fromkeys(Limits().smart, SmartSending(0)), budget=Budget(is_on=False))
    person, template = make_recipient(), make_template()
    for hours in range(1, 11):
        left(person, make_template("cart", "behavioural"), NOON - hours * HOUR)
    eleventh = send(person, template)
    assert eleventh.status == "sending"
    Message.objects.filter(pk=eleventh.pk).update(status="sent", sent_at=NOON)

    twelfth = send(person, template)

    assert (twelfth.status, twelfth.reason) == ("skipped", "flood")
    assert send(person, make_template("r", "transactional")).status == "sending"
    assert find_problems(NOON).messages["flood"] == 1


times = st.lists(st.integers(0, 60 * 24 * 20), min_size=1, max_size=60).map(sorted)


@settings(max_examples=100, deadline=None)
@given(minutes=times, max_n=st.integers(1, 5), hours=st.integers(1, 200))
def test_no_window_ever_holds_more_than_its_number(
    minutes: list[int], max_n: int, hours: int
) -> None:
    window, sent = hours * HOUR, list[datetime]()
    for minute in minutes:
        now = NOON + timedelta(minutes=minute)
        recent = [at for at in reversed(sent) if at > now - window]
        opens_at = find_opening(recent, max_n, window)
        assert (opens_at is None) == (len(recent) < max_n)
        if opens_at is None:
            sent.append(now)
        else:
            assert opens_at > now
            assert len([at for at in recent if at > opens_at - window]) == max_n - 1
    for end in sent:
        assert len([at for at in sent if end - window < at <= end]) <= max_n


@settings(max_examples=100, deadline=None)
@given(
    spent=st.lists(st.tuples(st.integers(1, 10_000), st.integers(0, 4)), max_size=20),
    room=st.integers(0, 12),
)
def test_points_are_enough_when_it_is_said_and_not_before(
    spent: list[tuple[int, int]], room: int
) -> None:
    recent = [(NOON - timedelta(minutes=ago), points) for ago, points in sorted(spent)]

    def used(now: datetime) -> int:
        return sum(points for at, points in recent if at > now - 7 * DAY)

    opens_at = find_opening_of_points(recent, room, 7 * DAY)
    if opens_at is None:
        assert used(NOON) <= room
    else:
        assert used(opens_at) <= room < used(opens_at - timedelta(microseconds=1))


def test_a_rule_covers_what_it_says() -> None:
    rule = Rule("1", "promotional", "sms", 1, DAY, "engaged")
    assert rule.covers("promotional", "sms", is_engaged=True)
    assert not rule.covers("promotional", "sms", is_engaged=False)
    assert not rule.covers("promotional", "email", is_engaged=True)
    assert not rule.covers("behavioural", "sms", is_engaged=True)


# smart sending and budget


def test_smart_sending_may_let_a_message_wait(people: Tenant) -> None:
    set_limits(smart={**Limits().smart, "email": SmartSending(10, OnHit.WAIT, 6)})
    person, template = make_recipient(), make_template()
    left(person, template, NOON - 5 * HOUR)
    held = send(person, template)
    assert (held.status, held.reason, held.due_at) == ("pending", "smart_sending", NOON + 5 * HOUR)
    other = make_recipient()
    left(other, template, NOON - HOUR)
    assert send(other, template).status == "skipped"


@pytest.mark.covers("X6")
def test_the_points_of_a_week_are_over_all_channels(people: Tenant) -> None:
    set_limits(budget=Budget(points=4))
    person, template = make_recipient(), make_template()
    left(person, template, NOON - 3 * DAY, channel="sms")
    passed = send(person, template)
    assert (passed.status, said(passed, "budget")) == ("sending", "2 of 4 points in 7 days")
    Message.objects.filter(pk=passed.pk).update(status="skipped")
    left(person, template, NOON - 6 * DAY - 12 * HOUR, channel="whatsapp")

    held = send(person, template)

    assert (held.status, held.reason, held.due_at) == ("pending", "budget", NOON + 12 * HOUR)
    assert held.detail == "4 of 4 points in 7 days; this one takes 1"


@pytest.mark.covers("X6")
@pytest.mark.parametrize(
    "worth",
    [{"priority": 1}, {"expected_value": 2.5}, {"priority": "2", "expected_value": "0"}],
)
def test_of_two_that_want_one_slot_the_better_goes_first(
    people: Tenant, worth: dict[str, Any]
) -> None:
    person, best = make_recipient(), make_template("best")
    lesser = queue(person, make_template(), context={"priority": 3, "expected_value": 1})
    better = queue(person, best, context=worth, due_at=NOON + 9 * timedelta(minutes=1))

    ask(lesser)

    assert (lesser.status, lesser.reason) == ("pending", "budget")
    assert lesser.detail.startswith("“best” has priority ")
    assert lesser.due_at == NOON + timedelta(minutes=19)
    assert ask(better).status == "sending"
    Message.objects.filter(pk=better.pk).update(status="sent", sent_at=better.due_at)
    assert ask(lesser).reason == "smart_sending"


@pytest.mark.covers("X6")
def test_a_loser_is_dropped_where_the_merchant_says_so(people: Tenant) -> None:
    set_limits(budget=Budget(on_loss=OnHit.SKIP))
    person = make_recipient()
    lesser = queue(person, make_template())
    queue(person, make_template("best"), context={"priority": 1})
    assert (ask(lesser).status, lesser.reason) == ("skipped", "budget")


@pytest.mark.parametrize(
    ("context", "fields"),
    [
        ({"priority": 1}, {"due_at": NOON + timedelta(minutes=11)}),
        ({"priority": 4}, {}),
        ({"priority": 1, "smart_sending": False}, {}),
    ],
)
def test_what_does_not_want_the_same_slot_is_no_rival(
    people: Tenant, context: dict[str, Any], fields: dict[str, Any]
) -> None:
    person = make_recipient()
    message = queue(person, make_template())
    queue(person, make_template("other"), context=context, **fields)
    assert ask(message).status == "sending"


# settings


def test_limits_are_read_as_they_were_written_and_rubbish_as_the_defaults() -> None:
    chosen = Limits(
        smart=dict.fromkeys(Limits().smart, SmartSending(1, OnHit.WAIT, 2)),
        quiet=QuietSettings(has_email=True, rules={}, own_days=frozenset({date(2026, 12, 24)})),
        budget=Budget(is_on=False, points=3, on_loss=OnHit.SKIP),
        unhappy=Unhappy(guards=dict.fromkeys(Unhappy().guards, Guard.OFF)),
    )
    assert read_limits(write_limits(chosen)) == chosen
    rubbish = {"smart": {"email": {"hours": -1}}, "quiet": [], "budget": {"points": True}}
    assert read_limits(rubbish) == read_limits({}) == Limits()


def test_every_tenant_starts_with_two_rules_and_what_was_removed_stays_away(
    people: Tenant,
) -> None:
    assert ensure_limits()
    assert list(FrequencyRule.objects.order_by("pk").values_list("audience", "max_n")) == [
        ("unengaged", 4),
        ("engaged", 8),
    ]
    FrequencyRule.objects.all().delete()
    assert not ensure_limits()
    assert (FrequencyRule.objects.count(), SendingLimits.objects.count()) == (0, 1)


# two workers


@pytest.fixture
def open_shop(transactional_db: None, django_db_setup: None) -> Iterator[Tenant]:
    """A tenant whose rows other connections see."""
    merchant = Tenant.objects.create(
        name="Ada Soap", slug="ada-soap", currency="GBP", timezone="Europe/London"
    )
    with tenant_scope(merchant.pk):
        yield merchant


@pytest.mark.covers("F20")
@pytest.mark.django_db(transaction=True)
def test_two_workers_do_not_both_pass_the_last_slot(open_shop: Tenant) -> None:
    with time_machine.travel(NOON, tick=False):
        with transaction.atomic():
            ensure_default_sender()
            cap(1)
            template = make_template()
            for _ in range(8):
                person = make_recipient(phone="+447700900123", sms_consent="subscribed")
                for channel in ("sms", "email"):
                    queue(person, template, channel=channel)
        gate = Barrier(4)

        def work(channel: str) -> list[tuple[int, int]]:
            try:
                with tenant_scope(open_shop.pk):
                    gate.wait()
                    with transaction.atomic():
                        found = claim_due(channel, size=20, now=NOON)
                        return [(message.profile.id, message.id) for message in found]
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            taken = [one for batch in pool.map(work, ["sms", "email"] * 2) for one in batch]
    owners = [profile_id for profile_id, _ in taken]
    assert len(owners) == len(set(owners)) == 8
    with transaction.atomic():
        sms = set(Message.objects.filter(channel="sms").values_list("pk", flat=True))
    assert {key for _, key in taken} == sms


def test_what_waits_on_a_paused_channel_holds_up_no_other(people: Tenant) -> None:
    account = ChannelAccount.objects.create(
        channel="sms", provider="x", name="X", credentials_encrypted="", is_default=True,
        is_paused=True,
    )  # fmt: skip
    person = make_recipient(phone="+447700900123", sms_consent="subscribed")
    queue(person, make_template(), channel="sms")
    mail = queue(person, make_template())
    assert ask(mail).status == "sending"
    Message.objects.filter(pk=mail.pk).update(status="pending")
    ChannelAccount.objects.filter(pk=account.pk).update(paused_until=NOON + timedelta(minutes=1))
    assert ask(mail, NOON).status == "pending"
