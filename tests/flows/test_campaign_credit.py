"""What a campaign earned: which orders are credited to it, and what it adds."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from crm.models import Profile
from flows.models import Campaign, Recipient
from flows.queries.campaigns.counting import compare_groups, count_campaign
from flows.services.campaigns.scheduling import (
    pause_campaign,
    resume_campaign,
    schedule_campaign,
)
from kernel import clock
from messaging.models import Message, Touch
from messaging.queries.reports import credit_orders
from tenants.models import Tenant
from tests.factories.campaigns import (
    make_audience,
    make_campaign,
    note,
    run,
)
from tests.factories.loyalty import make_order, make_profile

pytestmark = pytest.mark.usefixtures("noon", "sender")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def buyer(tenant: Tenant) -> Profile:
    return make_profile()


@pytest.fixture
def campaign(buyer: Profile) -> Campaign:
    """A campaign whose message left at noon."""
    made = make_campaign(make_audience([buyer]), [note()])
    schedule_campaign(made.pk)
    run()
    Message.objects.update(status="sent", sent_at=clock.now())
    return made


def touch(message: Message, kind: str, after: timedelta) -> None:
    at = clock.now() + after
    Touch.objects.create(message=message, profile=message.profile, kind=kind, at=at)
    if kind == "clicked":
        Message.objects.filter(pk=message.pk).update(clicked_at=at)


def earned(campaign: Campaign) -> tuple[int, int, int]:
    found = count_campaign(campaign)["A"]
    return found.buyers, found.orders, found.revenue_minor


@pytest.mark.covers("X4")
def test_an_order_that_a_text_of_a_flow_won_is_not_the_campaigns_too(
    campaign: Campaign, buyer: Profile
) -> None:
    touch(Message.objects.get(), "clicked", HOUR)
    text = Message.objects.create(
        key="text",
        profile=buyer,
        channel="sms",
        message_class="promotional",
        template_id=note(),
        flow_id=7,
        status="sent",
        sent_at=clock.now() + DAY,
    )
    touch(text, "delivered", DAY)
    make_order(buyer, 900, ordered_at=clock.now() + DAY + HOUR)  # the flow's
    assert earned(campaign) == (0, 0, 0)
    make_order(buyer, 700, ordered_at=clock.now() + DAY - HOUR)
    make_order(buyer, 500, ordered_at=clock.now() + DAY + 13 * HOUR)  # the text's time is over
    make_order(buyer, 300, ordered_at=clock.now() + HOUR + 5 * DAY)
    assert earned(campaign) == (1, 2, 1_200)
    of_flows = credit_orders(None, since=clock.now(), until=clock.now() + 2 * DAY, zone="UTC")
    assert [(row.flow_id, row.orders, row.gross) for row in of_flows] == [(7, 1, 900)]


@pytest.mark.parametrize(
    ("channel", "kind", "span"),
    [
        ("push", "clicked", 24 * HOUR),
        ("sms", "delivered", 12 * HOUR),
        ("whatsapp", "opened", 12 * HOUR),
        ("email", "clicked", 5 * DAY),
    ],
)
def test_every_channel_has_its_own_time(
    campaign: Campaign, buyer: Profile, channel: str, kind: str, span: timedelta
) -> None:
    Message.objects.update(channel=channel)
    touch(Message.objects.get(), kind, HOUR)
    make_order(buyer, 900, ordered_at=clock.now() + HOUR + span)
    assert earned(campaign) == (0, 0, 0)
    make_order(buyer, 500, ordered_at=clock.now() + HOUR + span - timedelta(seconds=1))
    assert earned(campaign) == (1, 1, 500)


@pytest.mark.covers("X4")
def test_what_a_campaign_adds_is_measured_until_the_last_ones_had_their_time(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    people = [make_profile() for _ in range(40)]
    plan: dict[str, Any] = {"holdout": 25, "throttle": {"per_hour": 600}}
    campaign = make_campaign(make_audience(people), [note()], **plan)
    began = clock.now()
    schedule_campaign(campaign.pk)
    run()
    pause_campaign(campaign.pk)
    noon.shift(7 * DAY)
    resume_campaign(campaign.pk)
    campaign.refresh_from_db()
    while campaign.phase:
        run()
        campaign.refresh_from_db()
        noon.shift(timedelta(minutes=1))
    ended = campaign.phase_at
    assert ended is not None
    last = Message.objects.order_by("-pk")[0].profile
    left_out = Recipient.objects.filter(cell=Recipient.HELD_OUT)[0].profile
    until = ended + 5 * DAY
    make_order(last, 1_000, ordered_at=until - HOUR)
    make_order(left_out, 300, ordered_at=began)
    make_order(left_out, 400, ordered_at=until - HOUR)
    for person in (last, left_out):
        make_order(person, 9_000, ordered_at=began - HOUR)
        make_order(person, 9_000, ordered_at=until)
    held_out = campaign.held_out_count
    assert compare_groups(campaign) == {
        "treated": [40 - held_out, 1_000, 1_000_000],
        "held_out": [held_out, 700, 490_000],
    }
