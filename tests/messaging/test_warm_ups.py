"""A new sender writes to a few more people each day; nothing that waits for its day is lost."""

from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from crm.models import Profile, ProfileFacts
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Conflict, Invalid, NotFound
from messaging.choices import MessageClass
from messaging.domain.warming import Plan
from messaging.models import ChannelAccount, Message, WarmUp, WarmUpDay
from messaging.services import sending
from messaging.services.claiming import record_and_claim
from messaging.services.lanes import open_lanes
from messaging.services.preparing import prepare_set
from messaging.services.queueing import queue_messages
from messaging.services.warm_ups import end_plan, pause_plan, resume_plan, start_plan
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.messaging import make_recipient, make_template, new_message
from tests.factories.tenants import make_member
from tests.support.smtp import SmtpServer

ADA = "ada@example.com"
DAY = timedelta(days=1)
MONDAY = date(2026, 6, 1)


def start(first: int = 20, last: int = 200, days: int = 11) -> WarmUp:
    """Start the plan of the sender's domain; others get 15 per cent of a day's mails."""
    return start_plan("domain", "ada-soap.example", first=first, last=last, days=days, actor=ADA)


def make_reader(**facts: object) -> Profile:
    person = make_recipient()
    ProfileFacts.objects.update_or_create(profile=person, defaults=facts)
    return person


def drain() -> int:
    return sending.send_due(Deadline(seconds=None))


def test_the_volume_grows_by_one_factor_to_the_last_day() -> None:
    plan = Plan(200, 200_000, 42, MONDAY)

    assert [plan.volume(MONDAY + number * DAY) for number in (0, 1, 7, 20, 41)] == [
        200,
        237,
        650,
        5_814,
        200_000,
    ]
    assert plan.share("gmail", MONDAY) == 80
    assert not plan.is_through(MONDAY + 41 * DAY)
    assert plan.is_through(MONDAY + 42 * DAY)


def test_a_pause_keeps_the_day_of_the_plan() -> None:
    paused = Plan(200, 200_000, 42, MONDAY, paused_on=MONDAY + 3 * DAY)
    assert [paused.number(MONDAY + n * DAY) for n in (3, 9)] == [4, 4]
    assert Plan(200, 200_000, 42, MONDAY, paused_days=6).number(MONDAY + 9 * DAY) == 4


@given(
    first=st.integers(1, 1_000),
    more=st.integers(0, 1_000_000),
    days=st.integers(2, 120),
    number=st.integers(1, 200),
)
def test_no_day_has_less_than_the_one_before(first: int, more: int, days: int, number: int) -> None:
    plan = Plan(first, first + more, days, MONDAY)

    assert first <= plan.volume_of(number) <= plan.volume_of(number + 1) <= first + more


def test_promotions_beyond_the_share_wait_for_the_next_day_and_orders_do_not(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    plan = start()
    news, receipt = make_template(), make_template("receipt", MessageClass.TRANSACTIONAL)
    eager = [make_reader(last_clicked_at=clock.now() - 2 * DAY) for _ in range(5)]
    buyer = make_recipient()
    queue_messages([*(new_message(one, news) for one in eager), new_message(buyer, receipt)])

    drain()

    assert buyer.email in smtp.recipients
    assert len(smtp.recipients) == 4
    waiting = Message.objects.filter(status="pending")
    assert {(row.reason, row.due_at, row.planned_at) for row in waiting} == {
        ("warm_up", clock.now() + DAY, clock.now() + DAY)
    }
    assert waiting[0].detail == "the 3 mails of this day for such mailboxes have left"
    last = (waiting[0].gates or [])[-1]
    assert last == {"gate": "warm_up", "passed": False, "detail": waiting[0].detail}
    used = WarmUpDay.objects.get()
    assert (used.plan_id, used.day, used.mailbox, used.used) == (plan.pk, MONDAY, "other", 4)

    noon.shift(DAY)
    drain()
    assert sorted(smtp.recipients) == sorted(one.email for one in [*eager, buyer])


def test_what_comes_back_unsent_takes_no_room_of_its_day(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    start()
    news = make_template()
    eager = [make_reader(last_clicked_at=clock.now() - 2 * DAY) for _ in range(3)]
    queue_messages([new_message(one, news) for one in eager])
    smtp.stop()

    drain()

    assert [row.used for row in WarmUpDay.objects.all()] == [0]
    smtp.start()
    noon.shift(sending.UNAVAILABLE_PAUSE)
    drain()
    assert sorted(smtp.recipients) == sorted(one.email for one in eager)
    assert [row.used for row in WarmUpDay.objects.all()] == [3]


def test_who_takes_more_interest_goes_first(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    start()
    template = make_template()
    cold, warm = make_reader(), make_reader(last_seen_at=clock.now() - 60 * DAY)
    keen = [make_reader(last_opened_at=clock.now() - DAY) for _ in range(2)]
    queue_messages([new_message(one, template) for one in (cold, warm, *keen)])

    drain()
    assert smtp.recipients == [one.email for one in keen]
    noon.shift(timedelta(minutes=15))
    drain()
    assert smtp.recipients[2:] == [warm.email]
    noon.shift(timedelta(minutes=15))
    drain()
    left = Message.objects.get(status="pending")
    assert (left.profile_id, left.planned_at) == (
        cold.pk,
        clock.now() + DAY - 2 * timedelta(minutes=15),
    )


def test_who_goes_last_is_not_too_late_where_the_moment_is_short(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    start()
    cold = make_reader()
    queue_messages([new_message(cold, make_template(), context={"max_lateness_minutes": 15})])

    drain()
    assert Message.objects.get().due_at == clock.now() + timedelta(minutes=10)
    noon.shift(timedelta(minutes=10))
    drain()
    assert smtp.recipients == [cold.email]


def test_what_waits_for_days_is_never_too_late(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    start(first=7, last=7)
    template = make_template()
    people = [make_reader(last_clicked_at=clock.now()) for _ in range(4)]
    queue_messages([new_message(one, template) for one in people])

    for _ in people:
        drain()
        noon.shift(DAY)

    assert sorted(smtp.recipients) == sorted(one.email for one in people)


def test_two_workers_do_not_take_the_same_room(shop: Tenant, smtp: SmtpServer) -> None:
    """What one prepared is looked at again under the lock when it claims."""
    plan = start()
    template = make_template()
    people = [make_reader(last_clicked_at=clock.now()) for _ in range(3)]
    queue_messages([new_message(one, template) for one in people])
    [lane] = open_lanes(clock.now())
    prepared = prepare_set(lane, size=10, now=clock.now())
    WarmUpDay.objects.create(plan_id=plan.pk, day=MONDAY, mailbox="other", used=2)

    claimed = record_and_claim(prepared, lane, None, prepared.ready)

    assert len(claimed) == 1
    assert WarmUpDay.objects.get().used == 3


def test_an_account_warms_up_and_a_plan_can_be_paused_resumed_and_ended(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    account = ChannelAccount.objects.get()
    plan = start_plan("account", str(account.pk), first=7, last=700, days=3, actor=ADA)
    with pytest.raises(Conflict):
        start_plan("account", str(account.pk), first=7, last=700, days=3, actor=ADA)
    pause_plan(plan.pk, actor=ADA)
    noon.shift(5 * DAY)
    template = make_template()
    queue_messages(
        [new_message(make_reader(last_clicked_at=clock.now()), template) for _ in range(3)]
    )
    drain()
    assert len(smtp.recipients) == 1

    resume_plan(plan.pk, actor=ADA)
    plan.refresh_from_db()
    assert (plan.paused_on, plan.paused_days) == (None, 5)
    end_plan(plan.pk, actor=ADA)
    with pytest.raises(NotFound):
        end_plan(plan.pk, actor=ADA)
    noon.shift(DAY)
    drain()
    assert len(smtp.recipients) == 3
    assert list(
        AuditEntry.objects.filter(object_type="warm_up")
        .order_by("pk")
        .values_list("action", flat=True)
    ) == ["warm_up.started", "warm_up.paused", "warm_up.resumed", "warm_up.ended"]


@pytest.mark.parametrize(
    ("kind", "name", "first", "last", "days"),
    [
        ("domain", "nowhere", 1, 2, 3),
        ("account", "999999", 1, 2, 3),
        ("mailbox", "gmail", 1, 2, 3),
        ("domain", "a.example", 3, 2, 3),
        ("domain", "a.example", 0, 2, 3),
        ("domain", "a.example", 1, 2, 1),
    ],
)
def test_what_is_no_plan_is_refused(
    shop: Tenant, kind: str, name: str, first: int, last: int, days: int
) -> None:
    with pytest.raises(Invalid):
        start_plan(kind, name, first=first, last=last, days=days, actor=ADA)

    assert not WarmUp.objects.exists()


def test_the_page_starts_shows_and_ends_a_plan(shop: Tenant) -> None:
    page = Client()
    page.force_login(make_member(shop, Role.OWNER, ADA).user)
    address = f"/t/{shop.slug}/settings/reputation/"
    said = {"which": "domain:ada-soap.example", "first": "200", "last": "20000", "days": "30"}

    assert page.post(f"{address}start/", said).status_code == 302
    text = " ".join(page.get(address).content.decode().split())
    assert "Warm-up of ada-soap.example" in text
    assert "Day 1 of 30 · 0 of 200 mails have left today" in text
    plan = WarmUp.objects.get()
    assert page.post(f"{address}{plan.pk}/", {"action": "explode"}).status_code == 404
    page.post(f"{address}{plan.pk}/", {"action": "end"})
    plan.refresh_from_db()
    assert plan.ended_at == clock.now()
    assert page.post(f"{address}start/", {**said, "last": "1"}).status_code == 422
