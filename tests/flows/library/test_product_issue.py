"""Something that was sold is not safe: everybody who bought it hears of it, guests too."""

import re
from typing import Any

import pytest

from crm.models import Order, Product, Variant
from flows.models import Task
from kernel.batches import Deadline
from tenants.models import Job
from tenants.services.job_turns import run_jobs
from tests.flows.library.story import SLUG, Story
from tests.flows.library.wares import LARGE, SMALL, body_of, line, of_library, stock

SAID = {"what": "The lid can break.", "advice": "Stop using it.", "lot": "L-7"}


DAY = {"first_day": "2026-06-01", "last_day": "2026-06-01"}


def sell(story: Story) -> None:
    """Sell the small soap to all kinds of people on 1 June, and to one the day after."""
    stock(story, 90)
    story.person("ada", email_consent="unsubscribed", external_id="c-1")
    story.order("ada", lines=[line(SMALL, 2)])
    story.order("guest", lines=[line(SMALL)])
    story.order("large", lines=[line(LARGE)])
    # One who gave a phone number alone, one who gave nothing, and an order of nobody.
    phone = {"phone": "+447400123456", "external_id": "c-2"}
    story.order("text", lines=[line(SMALL)], profile=phone)
    story.order("none", lines=[line(SMALL)], profile={"external_id": "c-3"})
    story.order("stray", lines=[line(SMALL)], external_id="o-stray")
    stray = Order.objects.filter(external_id="o-stray")
    stray.update(profile=None, email="other@example.com")
    cancelled = story.order("gone", lines=[line(SMALL)])
    story.order("gone", external_id=cancelled, cancelled_at="2026-06-01T12:00:00Z")
    story.travel.shift(86_400)
    story.order("late", lines=[line(SMALL)])


@pytest.mark.covers("F16")
def test_all_buyers_of_a_variant_in_some_days_are_told_whatever_they_said_of_marketing(
    story: Story,
) -> None:
    sell(story)
    product = Product.objects.get(external_id="soap")
    small = Variant.objects.get(external_id="soap-s")
    asked = {"product_id": product.pk, "variant_ids": [small.pk], **DAY, **SAID}
    address = "/api/v1/flows/product-issue/"
    counts = story.api.post(address, asked, content_type="application/json").json()
    assert counts == {
        "people": 4,
        "by_email": 2,
        "by_phone": 1,
        "unreachable": 1,
        "orders": 5,
        "pieces": 6,
        "nobody": 1,
        "linkable": 1,
        "job_id": None,
    }
    page = f"/t/{SLUG}/catalog/{product.pk}/issue/"
    form: dict[str, Any] = {"variants": [small.pk], **DAY, **SAID}
    shown = " ".join(story.member.post(page, form).content.decode().split())
    seen = ("guest@example.com", "Guest", "large@example.com")
    assert [word in shown for word in seen] == [True, True, False]

    [seen_by_member] = re.findall(r'name="seen" value="(\w+)"', shown)
    form |= {"send": "1", "token": "once", "seen": seen_by_member}
    other = story.member.post(page, {**form, "last_day": "2026-06-02"})
    assert (other.status_code, Job.objects.count()) == (422, 0)  # nobody looked who these are
    for _ in range(2):  # a second click writes to nobody again
        sent = story.member.post(page, form)
        assert sent.status_code == 302
    run_jobs(Deadline(seconds=None))
    lines = of_library(story.live(minutes=5))
    assert sorted(each[1:] for each in lines) == [
        ("", "product_issue_sms"),
        ("ada", "product_issue"),
        ("guest", "product_issue"),
        ("other", "product_issue"),
    ]
    assert [each for each in story.skipped() if "issue" in each[1]] == []
    told = body_of(story, "guest")
    words = ("The lid can break.", "Stop using it.", "L-7", "Lemon soap (Small)", "nsubscribe")
    assert [word in told for word in words] == [True, True, True, True, False]
    task = Task.objects.get()
    assert (task.state, task.profile.email) == ("open", "")


@pytest.mark.covers("F16")
def test_a_lot_is_told_by_its_orders_and_what_is_wrong_must_be_said(story: Story) -> None:
    stock(story, 90)
    first, _ = (story.order(name, lines=[line(SMALL)]) for name in ("ada", "bob"))
    product = Product.objects.get(external_id="soap")
    page = f"/t/{SLUG}/catalog/{product.pk}/issue/"
    form = {**DAY, "numbers": f"#{first}, #none"}
    shown = story.member.post(page, form).content.decode()
    assert ("ada@example.com" in shown, "bob@example.com" in shown) == (True, False)
    refused = story.member.post(page, {**form, "send": "1"})
    assert refused.status_code == 422
    wrong = story.member.post(page, {**form, "last_day": "2026-05-01"})
    assert wrong.status_code == 422
    assert Task.objects.count() == 0
    assert of_library(story.live(minutes=5)) == []

    numbers = {"order_numbers": [first], **DAY, "what": "The lid can break."}
    asked = {"product_id": product.pk, **numbers, "dry_run": False}
    for _ in range(2):  # an answer was lost, and the caller repeats itself
        called = story.api.post(
            "/api/v1/flows/product-issue/", asked, content_type="application/json"
        )
        assert called.status_code == 200, called.content.decode()
    run_jobs(Deadline(seconds=None))
    assert [each[1:] for each in of_library(story.live(minutes=5))] == [("ada", "product_issue")]
