"""Carts that were left: mail by history, a text to who did not open it, and the end by an order."""

from datetime import timedelta

import pytest

from flows.domain.lots import BUCKETS
from flows.models import FlowRun, Task
from flows.services import asking
from messaging.models import Coupon, Message
from tests.flows.library.goods import review
from tests.flows.library.story import SLUG, Story
from tests.flows.library.wares import body_of

AN_HOUR = {"hours": 1}


@pytest.mark.covers("F3", "F4")
def test_a_cart_is_written_about_by_history_and_an_order_ends_it(story: Story) -> None:
    for name, number in (("new", 1), ("member", 2), ("vip", 3), ("reader", 4), ("buyer", 5)):
        story.person(name, phone=f"+44770090012{number}", sms_consent="subscribed")
    story.person("silent", email_consent="unsubscribed")
    story.order("member", "40.00", backfill=True)
    story.order("vip", "900.00", backfill=True)
    praise = {"title": "Lovely", "body": "Smells of lemons.", "author": "Grace"}
    review(story, "member", 5, status="published", **praise)
    flow_id = story.install("cart_recovery")
    coupon = Coupon.objects.get()
    story.member.post(
        f"/t/{SLUG}/content/coupons/{coupon.pk}/upload/", {"codes": "CART-1", "do": "add"}
    )

    for name in ("new", "member", "vip", "reader", "buyer", "silent"):
        story.add_to_cart(name)
    assert story.live(minutes=59) == []
    assert story.live(minutes=1) == [
        ("06-01 13:00", "new", "cart_new"),
        ("06-01 13:00", "member", "cart_member"),
        ("06-01 13:00", "vip", "cart_vip"),
        ("06-01 13:00", "reader", "cart_new"),
        ("06-01 13:00", "buyer", "cart_new"),
    ]
    # Proof for who never bought, points for customers, a code of their own for the best.
    said = ("Smells of lemons.", "points", "CART-1")
    assert {
        name: [word in body_of(story, name) for word in said] for name in ("new", "member", "vip")
    } == {
        "new": [True, False, False],
        "member": [False, True, False],
        "vip": [False, False, True],
    }
    story.open("reader", "cart_new")
    story.order("buyer")
    assert story.live(hours=24) == [
        ("06-01 13:05", "buyer", "post_purchase"),
        ("06-02 13:00", "new", "cart_sms"),
        ("06-02 13:00", "member", "cart_sms"),
        ("06-02 13:00", "vip", "cart_sms"),
    ]
    assert story.live(days=1) == []
    call = Task.objects.get()
    assert (call.profile.email, call.title) == (
        "vip@example.com",
        "Call about the cart they left. Is anything unclear?",
    )
    story.order("vip")
    assert story.live(days=7) == [("06-03 13:05", "vip", "post_purchase")]
    ends = FlowRun.objects.filter(flow_id=flow_id).order_by("profile_id")
    assert dict(ends.values_list("profile__first_name", "exit_reason")) == {
        "New": "the text was the last step",
        "Member": "the text was the last step",
        "Vip": "goal: Order Placed",
        "Reader": "read the mail",
        "Buyer": "goal: Order Placed",
        "Silent": "not reached by text",
    }
    assert ("silent", "cart_new", "no_consent") in story.skipped()
    mail = next(each for each in story.outbox.sent if "reader" in getattr(each, "to_address", ""))
    assert "Lemon soap" in mail.content.html
    assert "£20.00" in mail.content.text


@pytest.mark.covers("F5")
def test_the_cart_test_writes_after_one_hour_or_four_and_learns_from_revenue(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The four ways one after the other: true lots, by ids, leave a way empty now and then.
    monkeypatch.setattr(asking, "draw_bucket", lambda *parts: parts[-1] * 2_500 % BUCKETS)
    flow_id = story.install("cart_timing")
    names = [f"p{number}" for number in range(12)]
    for name in names:
        story.person(name)
        story.add_to_cart(name)
    lines = story.live(hours=5)
    assert sorted({(at, template) for at, _, template in lines}) == [
        ("06-01 13:00", "cart_grid"),
        ("06-01 13:00", "cart_plain"),
        ("06-01 16:00", "cart_grid"),
        ("06-01 16:00", "cart_plain"),
    ]
    assert sorted(name for _, name, _ in lines) == sorted(names)
    drawn = dict(Message.objects.filter(flow_id=flow_id).values_list("profile_id", "node_id"))
    for name in names[:4]:  # who buys, and leaves another cart, takes the way of before
        story.order(name)
        story.travel.shift(timedelta(minutes=1))
        story.add_to_cart(name, sku="SOAP-2")
    story.live(hours=5)
    again = Message.objects.filter(flow_id=flow_id).order_by("pk")
    assert again.count() == len(names) + 4
    assert all(drawn[pk] == node for pk, node in again.values_list("profile_id", "node_id"))
    test = story.api.get(f"/api/v1/flows/{flow_id}/versions/").json()["results"][0]["graph"]
    assert test["nodes"]["test"]["find_winner"] == "revenue"
