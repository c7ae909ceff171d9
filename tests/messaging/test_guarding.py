"""Promotions stop when too many mails bounce or are marked as spam, until a person resumes them."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from analytics.queries.attention import list_attention
from flows.models import Flow
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Invalid
from messaging.domain.guarding import (
    Figures,
    Thresholds,
    judge,
    read_thresholds,
    write_thresholds,
)
from messaging.models import DeliveryDay, DeliveryMark, SendingGuard, SendingStop
from messaging.panels import Losing
from messaging.queries.deliveries import today
from messaging.services.guarding import check_due, check_guard, read_guard, save_thresholds
from messaging.services.losing import read_losing
from messaging.services.stops import pause_messages, resume_messages
from segments.models import Membership, MembershipChange, Segment
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.factories.tenants import make_member

ADA = "ada@example.com"
DAY = timedelta(days=1)


def deliver(sent: int, *, ago: int = 0, message_class: str = "promotional", **fields: int) -> None:
    """Add up mails of a day, as the sums have them."""
    DeliveryDay.objects.create(
        day=today() - ago * DAY,
        account_id=0,
        mailbox="gmail",
        message_class=message_class,
        sent=sent,
        **fields,
    )


@pytest.mark.parametrize(
    ("figures", "level"),
    [
        (Figures(299, 200, 99, 99), ""),
        (Figures(1_000, 981, 19, 0), ""),
        (Figures(1_000, 980, 20, 0), "warn"),
        (Figures(1_000, 950, 50, 0), "stop"),
        (Figures(10_000, 10_000, 0, 9), ""),
        (Figures(10_000, 10_000, 0, 10), "warn"),
        (Figures(10_000, 10_000, 0, 30), "stop"),
        (Figures(300, 300, 0, 2), ""),
        (Figures(1_000, 980, 20, 3), "stop"),
    ],
)
def test_rates_warn_and_stop_from_their_thresholds_on(figures: Figures, level: str) -> None:
    assert judge(figures, Thresholds()).level == level
    assert judge(figures, Thresholds(is_on=False)).level == ""


def test_thresholds_are_read_as_they_were_stored() -> None:
    limits = Thresholds(is_on=False, bounce_stop=0.1, least_sent=50)

    assert read_thresholds(write_thresholds(limits)) == limits
    assert read_thresholds({"bounce_stop": 7, "least_sent": "x", "is_on": 1}) == Thresholds()


def test_too_many_bounces_pause_promotions_with_the_reason_and_a_notice(shop: Tenant) -> None:
    deliver(1_000, ago=2, hard=60)
    deliver(5_000, ago=9)
    deliver(5_000, message_class="transactional")

    assert check_due(Deadline(None)) == 1
    assert check_due(Deadline(None)) == 0

    words = (
        "6.00% of the marketing mails of the last 7 days went to dead addresses (60 of 1,000);"
        " the limit is 5.0%"
    )
    stop = SendingStop.objects.get()
    assert (stop.scope, stop.actor, stop.reason) == ("promotions", "system", words)
    [notice] = [one for one in list_attention() if one.key == "mails.guard"]
    assert (notice.tone, notice.title) == ("bad", "Promotions are paused")
    assert words in notice.text
    assert AuditEntry.objects.get().action == "messages.paused"


def test_after_a_person_resumed_the_same_mails_do_not_stop_promotions_again(
    shop: Tenant, noon: time_machine.Traveller
) -> None:
    deliver(1_000, hard=60)
    check_guard(clock.now())
    resume_messages(SendingStop.objects.get().pk, actor=ADA)

    assert check_guard(clock.now()).level == ""
    noon.shift(DAY)
    assert check_guard(clock.now()).level == ""
    deliver(1_000, hard=60)
    assert check_guard(clock.now()).level == "stop"
    assert SendingStop.objects.filter(is_open=True).count() == 1


def test_a_pause_stands_until_somebody_resumes_it_however_the_figures_turn(
    shop: Tenant, noon: time_machine.Traveller
) -> None:
    deliver(1_000, hard=60)
    check_guard(clock.now())
    noon.shift(10 * DAY)

    assert check_guard(clock.now()).level == "stop"
    assert SendingStop.objects.get().is_open


def test_a_pause_that_a_person_made_is_left_alone(shop: Tenant) -> None:
    pause_messages("promotions", reason="Wrong price", actor=ADA)
    deliver(1_000, hard=60)

    assert check_guard(clock.now()).level == "stop"
    assert SendingStop.objects.get().reason == "Wrong price"


def test_thresholds_are_changed_on_the_page_and_count_at_once(shop: Tenant) -> None:
    page = Client()
    page.force_login(make_member(shop, Role.OWNER, ADA).user)
    deliver(1_000, hard=30)
    assert check_guard(clock.now()).level == "warn"
    address = f"/t/{shop.slug}/settings/reputation/"
    said = {
        "is_on": "on",
        "bounce_warn": "1",
        "bounce_stop": "3",
        "complaint_warn": "0.1",
        "complaint_stop": "0.3",
        "unsubscribe_warn": "1",
        "least_sent": "300",
    }

    assert page.post(f"{address}guard/", {**said, "bounce_warn": "4"}).status_code == 422
    assert page.post(f"{address}guard/", said).status_code == 302
    assert read_guard()[1] == Thresholds(bounce_warn=0.01, bounce_stop=0.03)
    assert SendingGuard.objects.get().level == "stop"
    assert "Promotions are paused" in page.get(address).content.decode()


def test_a_warning_after_the_pause_is_refused(shop: Tenant) -> None:
    with pytest.raises(Invalid):
        save_thresholds(Thresholds(complaint_warn=0.5), actor=ADA)

    assert not SendingGuard.objects.exists()


def leave_mails(count: int, *, unsubscribed: int, segment: Segment, flow: Flow) -> None:
    """Let marketing mails of a flow have left for the people of a segment."""
    template = make_template()
    for number in range(count):
        person = make_recipient()
        Membership.objects.create(profile=person, segment_ids=[segment.pk])
        row = queue_message(person, template, flow_id=flow.pk)
        DeliveryMark.objects.create(
            message_id=row.pk,
            at=clock.now(),
            day=today(),
            account_id=0,
            mailbox="other",
            message_class="promotional",
            is_unsubscribed=number < unsubscribed,
            **dict.fromkeys(
                (
                    "is_delivered",
                    "is_hard",
                    "is_soft",
                    "is_blocked",
                    "is_complained",
                    "is_opened",
                    "is_loaded",
                    "is_clicked",
                ),
                False,
            ),
        )


@pytest.mark.covers("M8")
def test_flows_and_segments_that_lose_people_are_named_once_a_day(
    shop: Tenant, noon: time_machine.Traveller
) -> None:
    """Also where the person left the segment by unsubscribing."""
    segment = Segment.objects.create(name="Regulars", definition={})
    flow = Flow.objects.create(key="news", name="News")
    leave_mails(12, unsubscribed=6, segment=segment, flow=flow)
    gone = Membership.objects.order_by("profile_id")[0]
    Membership.objects.filter(profile_id=gone.profile_id).update(segment_ids=[])
    MembershipChange.objects.create(
        profile_id=gone.profile_id,
        segment_id=segment.pk,
        entered=False,
        at=clock.now(),
        cause="event",
    )

    save_thresholds(Thresholds(least_sent=10, unsubscribe_warn=0.4), actor=ADA)

    assert read_losing(SendingGuard.objects.get().losing) == [
        Losing("Flow", "flows:detail", flow.pk, "News", 12, 6),
        Losing("Segment", "segments:detail", segment.pk, "Regulars", 12, 6),
    ]
    [notice] = [one for one in list_attention() if one.key == "mails.losing"]
    assert notice.text.startswith(
        "Flow News: 50.00% of 12 mails; Segment Regulars: 50.00% of 12 mails in 30 days."
    )
    DeliveryMark.objects.all().delete()
    check_guard(clock.now() + timedelta(hours=23))
    assert len(SendingGuard.objects.get().losing) == 2
    check_guard(clock.now() + DAY)
    assert SendingGuard.objects.get().losing == []
