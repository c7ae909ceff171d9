"""The first days of a subscriber, and the looks of somebody who has not bought yet."""

import pytest

from crm.models import Profile
from crm.services.catalog import count_products
from crm.services.touches import record_touches
from crm.types import NewTouch, Origin
from flows.models import FlowRun
from kernel import clock
from messaging.models import Coupon, CouponCode
from tests.flows.library.goods import sell
from tests.flows.library.story import SLUG, Story
from tests.flows.library.wares import body_of


def offer_goods(story: Story) -> None:
    """Sell oil more often than tea, so that each shows its place."""
    goods = {"oil": ("Lamp oil", "Oil"), "tea": ("Black tea", "Tea"), "soap": ("Rose soap", "Soap")}
    for pieces, (key, (title, category)) in zip((1, 3, 9), reversed(goods.items()), strict=True):
        line = sell(
            story, key, title, category=category, status="active",
            image_url=f"https://ada-soap.example/{key}.jpg",
        )  # fmt: skip
        story.order("other", lines=[{**line, "quantity": pieces}], backfill=True)
    count_products(clock.now())


def arrive_from_a_feed(story: Story, name: str) -> None:
    """Let somebody come to the site by a link in a social network."""
    story.person(name, email_consent="never")
    profile = Profile.objects.get(email=f"{name}@example.com")
    origin = Origin(source="instagram", medium="social")
    record_touches([NewTouch(f"visit:{name}", profile.pk, clock.now(), origin)])
    story.settle()


@pytest.mark.covers("F2")
def test_the_welcome_fits_who_somebody_is_and_ends_with_the_first_order(story: Story) -> None:
    story.person("customer", email_consent="never")
    story.order("customer", backfill=True)
    offer_goods(story)
    story.person("browser", email_consent="never")
    story.event("Product Viewed", "browser", name="Green tea", sku="TEA-1", category="Tea")
    arrive_from_a_feed(story, "feed")
    flow_id = story.install("welcome")
    coupon = Coupon.objects.get()
    codes = story.member.post(
        f"/t/{SLUG}/content/coupons/{coupon.pk}/upload/",
        {"codes": "HELLO-A\nHELLO-B\nHELLO-C\nHELLO-D", "do": "add"},
    )
    assert codes.status_code == 302

    for name in ("customer", "browser", "plain", "buyer", "feed"):
        story.person(name)
    story.person("silent", email_consent="never")
    assert story.sent() == [
        ("06-01 12:00", "customer", "welcome_customer"),
        ("06-01 12:00", "browser", "welcome_browsed"),
        ("06-01 12:00", "plain", "welcome_hello"),
        ("06-01 12:00", "buyer", "welcome_hello"),
        ("06-01 12:00", "feed", "welcome_social"),
    ]
    # What they looked at goes before what sells best of all.
    shown = body_of(story, "browser")
    assert 0 < shown.index("Black tea") < shown.index("Lamp oil")
    assert "Black tea" not in body_of(story, "plain").partition("Lamp oil")[0]
    story.live(days=1)
    story.order("feed")
    story.order("buyer")
    assert story.live(days=9) == [
        ("06-02 12:00", "feed", "post_purchase"),
        ("06-02 12:00", "buyer", "post_purchase"),
        ("06-03 12:00", "browser", "welcome_story"),
        ("06-03 12:00", "plain", "welcome_story"),
        ("06-07 12:00", "browser", "welcome_last_call"),
        ("06-07 12:00", "plain", "welcome_last_call"),
    ]
    given = CouponCode.objects.exclude(profile=None).values_list("profile__email", flat=True)
    having = ("browser", "buyer", "feed", "plain")
    assert sorted(given) == [f"{name}@example.com" for name in having]
    hello, last = (
        mail.content.text
        for mail in story.outbox.sent
        if mail.to_address == "plain@example.com" and "HELLO-" in mail.content.text
    )
    [code] = CouponCode.objects.filter(profile__email="plain@example.com")
    assert code.code in hello
    assert code.code in last
    reasons = FlowRun.objects.filter(flow_id=flow_id).values_list(
        "profile__first_name", "exit_reason"
    )
    assert dict(reasons) == {
        "Customer": "a customer already",
        "Browser": "welcomed",
        "Plain": "welcomed",
        "Buyer": "goal: Order Placed",
        "Feed": "goal: Order Placed",
    }


@pytest.mark.covers("F6")
def test_what_was_looked_at_is_shown_once_a_week_unless_they_go_on(story: Story) -> None:
    """A cart ends it, and so does an order without one."""
    for name in ("once", "often", "carter", "buyer"):
        story.person(name)
    story.install("browse_abandonment")
    seen = {"name": "Lemon soap", "sku": "SOAP-1", "price": "12.50", "currency": "GBP"}
    for name in ("once", "carter", "buyer", *["often"] * 3):
        story.event("Product Viewed", name, **seen)
    story.live(hours=1)
    story.add_to_cart("carter")
    story.order("buyer")
    assert story.live(hours=3) == [
        ("06-01 13:00", "buyer", "post_purchase"),
        ("06-01 16:00", "once", "browse_once"),
        ("06-01 16:00", "often", "browse_often"),
    ]
    [mail] = [each for each in story.outbox.sent if each.to_address == "once@example.com"]
    assert "Lemon soap" in mail.content.html
    assert "£12.50" in mail.content.text
    story.live(days=3)
    story.event("Product Viewed", "once", **seen)
    assert story.live(days=1) == []
    story.live(days=3)
    story.event("Product Viewed", "once", **seen)
    assert story.live(days=1) == [("06-08 20:00", "once", "browse_often")]
