"""What follows an order, and what follows when no order follows."""

from datetime import timedelta

import pytest

from crm.models import Order
from flows.models import FlowRun
from kernel import clock
from messaging.choices import ASKS_FOR_REVIEW
from messaging.models import Message, Template
from messaging.services.queueing import queue_messages
from messaging.types import NewMessage
from tests.flows.library.goods import ship
from tests.flows.library.story import Story
from tests.flows.library.wares import body_of


def ask_elsewhere(order: str, person: str) -> None:
    """Let a message that is of no flow ask for a review of an order."""
    row = Order.objects.get(external_id=order)
    template = Template.objects.get(key="order_review")
    template.pk, template.key = None, "another_request"
    template.save()
    assert template.tags == [ASKS_FOR_REVIEW]
    message = NewMessage(
        key=f"test:{order}",
        profile_id=row.profile_id or 0,
        channel="email",
        message_class="behavioural",
        template_id=template.pk or 0,
        due_at=clock.now(),
        context={"order_id": row.pk},
    )
    queue_messages([message])


@pytest.mark.covers("F7")
def test_an_order_is_followed_to_the_refill_and_asked_about_once(story: Story) -> None:
    story.member.post("/t/ada-soap/catalog/flags/add/", {"flag": "consumable", "category": "Oil"})
    story.call("products", {"external_id": "p1", "title": "Lamp oil", "category": "Oil"})
    for name in ("first", "regular", "lost", "sorry", "early", "till", "angry"):
        story.person(name)
    oil = [{"line_key": "1", "title": "Lamp oil", "product_external_id": "p1", "quantity": 1}]
    story.order("regular", backfill=True, at=clock.now() - timedelta(days=200))
    # What is used up was of an order before this one, which was of none: no refill of this one.
    story.order("first", lines=oil, backfill=True, at=clock.now() - timedelta(days=1))
    story.install("after_purchase")
    orders = {
        "first": story.order("first"),
        "regular": story.order("regular", lines=oil),
        "lost": story.order("lost"),
        "sorry": story.order("sorry"),
        "early": story.order("early"),
        "angry": story.order("angry"),
    }
    assert [template for _, _, template in story.sent()] == ["post_purchase"] * 6
    story.order("till", channel="pos")  # carried home: nothing follows
    story.live(days=1)
    for name in ("early", "angry"):
        ship(story, orders[name], status="delivered", delivered_at=clock.now())
    story.tell(
        "tickets",
        external_id="t-1",
        profile=story.who("angry"),
        status="open",
        opened_at=clock.now().isoformat(),
        updated_at=clock.now().isoformat(),
    )
    for name in ("first", "regular"):
        story.tell(
            "shipments",
            external_id=f"s-{name}",
            order_external_id=orders[name],
            status="shipped",
            shipped_at=clock.now().isoformat(),
        )
    assert story.live(days=3) == [
        ("06-03 12:01", "first", "order_shipped"),
        ("06-03 12:01", "regular", "order_shipped"),
        ("06-04 12:00", "lost", "order_packing"),
        ("06-04 12:00", "sorry", "order_packing"),
    ]
    for name in ("first", "regular"):
        story.tell(
            "shipments",
            external_id=f"s-{name}",
            order_external_id=orders[name],
            status="delivered",
            delivered_at=clock.now().isoformat(),
        )
    story.tell(
        "returns",
        external_id="r-1",
        order_external_id=orders["sorry"],
        status="requested",
        requested_at=clock.now().isoformat(),
    )
    assert story.live(days=6) == [("06-10 12:00", "early", "order_review")]
    assert "/r/" in body_of(story, "early")
    story.order("early", external_id=orders["early"], cancelled_at=clock.now().isoformat())
    ask_elsewhere(orders["first"], "first")
    lines = story.live(days=11)
    story.order("lost", backfill=True)
    story.skip(days=26)
    assert [*lines, *story.live(days=5)] == [
        ("06-11 12:00", "first", "another_request"),
        ("06-12 12:00", "regular", "order_review"),
        ("06-14 12:00", "lost", "order_review"),
        ("06-19 12:00", "first", "order_goes_with_code"),
        ("06-19 12:00", "regular", "order_goes_with_code"),
        ("06-21 12:00", "lost", "order_goes_with"),
        ("07-19 12:00", "first", "order_new_things"),
        ("07-19 12:00", "regular", "order_refill"),
    ]
    assert story.skipped() == [
        ("first", "order_review", "review_asked"),
        ("angry", "order_goes_with", "unhappy"),
        ("angry", "order_new_things", "unhappy"),
    ], "who is unhappy is not asked for a review, and sold nothing"
    ends = FlowRun.objects.filter(flow__key="after_purchase").order_by("pk")
    assert dict(ends.values_list("profile__first_name", "exit_reason")) == {
        "First": "went all the way",
        "Regular": "went all the way",
        "Lost": "ordered again; the newer order goes on",
        "Sorry": "Return Initiated",
        "Early": "Order Cancelled",
        "Angry": "went all the way",
    }


@pytest.mark.covers("F11")
def test_who_stays_away_is_written_to_in_stages_and_then_left_in_peace(story: Story) -> None:
    """The stage of 90 days is off until the merchant switches it on, for those who come then."""
    story.switch_off("win_back")
    flow_id = story.install("win_back_stages")
    spent = {"one": "40.00", "regular": "40.00", "best": "900.00", "back": "40.00"}
    for name, total in spent.items():
        story.person(name)
        story.order(name, total)
    story.order("regular", "40.00")
    story.skip(days=59)
    assert story.live(days=2)[-4:] == [
        ("07-31 09:00", "one", "stages_one_timer"),
        ("07-31 09:00", "regular", "stages_regular"),
        ("07-31 09:00", "best", "stages_best"),
        ("07-31 09:00", "back", "stages_one_timer"),
    ]
    story.skip(days=10)
    story.order("back")
    story.skip(days=18)
    assert story.live(days=2) == []
    story.skip(days=28)
    assert story.live(days=2) == [
        ("09-29 09:00", "one", "stages_strong"),
        ("09-29 09:00", "regular", "stages_strong"),
        ("09-29 09:00", "best", "stages_strong"),
    ]
    assert not Message.objects.filter(template__key="stages_between").exists()
    story.switch_on(flow_id, "between")
    story.open("best", "stages_strong")
    assert story.live(days=14) == [("10-10 09:00", "back", "stages_regular")]
    story.skip(days=25)
    assert story.live(days=2) == [("11-09 10:00", "back", "stages_between")]
    story.skip(days=31)
    assert story.live(days=4)[-1:] == [("12-12 10:00", "best", "stages_now_and_then")]
    runs = FlowRun.objects.filter(flow_id=flow_id, profile__first_name__in=["One", "Regular"])
    assert set(runs.values_list("exit_reason", flat=True)) == {"read nothing for months; tagged"}
