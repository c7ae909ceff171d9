"""The page on which members decide which reviews others read."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from analytics.queries.attention import find_item
from crm.models import Event, Review
from crm.queries.own_reviews import mark_of
from crm.queries.shelves import list_praise
from kernel import clock
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.samples import make_order, make_profile, make_store
from tests.factories.tenants import sign_in

pytestmark = pytest.mark.covers("M13")
PAGE = "/t/ada-soap/content/reviews/"


def say(name: str, words: str, **fields: Any) -> Review:
    """Store what somebody said of an order of theirs on the page of stars."""
    store, person = make_store(name), make_profile(first_name=name)
    return Review.objects.create(
        **{
            "store": store,
            "external_id": "patron-1",
            "profile": person,
            "order": make_order(store, person),
            "rating": 5,
            "body": words,
            "author": name,
            "status": "pending",
            "is_consented": True,
            "reviewed_at": clock.now(),
            "source_version_at": clock.now(),
            **fields,
        }
    )


def press(client: Client, review: Review, status: str, **more: str) -> str:
    """Press a button at what the page shows of a review, and return the page that follows."""
    said = {"status": status, "seen": mark_of(review), **more}
    return client.post(f"{PAGE}{review.pk}/", said, follow=True).content.decode()


def read() -> list[str]:
    return [each.body for each in list_praise(5)]


def test_a_member_publishes_hides_and_takes_it_back(shop: Tenant) -> None:
    eve = say("Eve", "Smells of <summer>")
    kept = say("Kim", "For you alone", is_consented=False)
    say("Tool", "Of a tool", is_consented=None)
    client = sign_in(shop)
    member = shop.members.get().user.email

    waiting = client.get(PAGE).content.decode()
    assert [words in waiting for words in ("&lt;summer&gt;", "For you alone", "Of a tool")] == [
        True,
        False,
        False,
    ]
    shown = press(client, eve, "published")
    assert read() == ["Smells of <summer>"]
    assert "Published. Mails show it" in shown
    assert "Nothing waits" in shown
    assert "Smells of" in client.get(f"{PAGE}?status=published").content.decode()

    assert "It waits again." in press(client, eve, "pending", undo="1")
    assert read() == []
    assert "Nobody else reads it" in press(client, eve, "hidden")
    assert client.post(f"{PAGE}{kept.pk}/", {"status": "published"}).status_code == 404
    assert client.post(f"{PAGE}{eve.pk}/", {"status": "lovely"}).status_code == 400
    told = AuditEntry.objects.filter(object_type="review").order_by("pk")
    assert [(entry.action, entry.actor, entry.after) for entry in told] == [
        (action, member, {"status": status, "rating": 5})
        for action, status in (
            ("review.published", "published"),
            ("review.set_back", "pending"),
            ("review.hidden", "hidden"),
        )
    ]
    assert Event.objects.filter(name="Review Updated", object_id=eve.pk).count() == 3


def test_what_waits_is_a_notice_until_it_was_decided(shop: Tenant) -> None:
    reviews = [say("Eve", "Smells of summer"), say("Tom", "Too dry")]
    say("Kim", "For you alone", is_consented=False)
    say("Pat", "Lovely", status="published")
    client = sign_in(shop)

    both = find_item("reviews.waiting")
    assert both is not None
    assert (both.title, both.route, both.tone) == ("2 reviews wait", "messaging:reviews", "warn")
    assert f'href="{PAGE}"' in client.get("/t/ada-soap/notices/").content.decode()
    press(client, reviews[0], "published")
    one = find_item("reviews.waiting")
    assert one is not None
    assert (one.title, one.mark) == ("1 review waits", both.mark)
    press(client, reviews[1], "hidden")
    assert find_item("reviews.waiting") is None


def test_what_was_changed_after_it_was_read_is_not_published(shop: Tenant) -> None:
    eve = say("Eve", "Smells of summer")
    Review.objects.filter(pk=eve.pk).update(body="Buy elsewhere")

    shown = press(sign_in(shop), eve, "published")

    assert "They changed what they said" in shown
    assert "Buy elsewhere" in shown
    assert Review.objects.get().status == "pending"
    assert not AuditEntry.objects.filter(object_type="review").exists()


def test_a_review_from_a_clock_that_is_ahead_can_be_hidden(shop: Tenant) -> None:
    ahead = clock.now() + timedelta(hours=1)
    eve = say("Eve", "Buy elsewhere", status="published", source_version_at=ahead)

    press(sign_in(shop), eve, "hidden")

    assert Review.objects.get().status == "hidden"
    assert AuditEntry.objects.get(object_type="review").action == "review.hidden"


def test_who_only_looks_finds_no_button(shop: Tenant) -> None:
    eve = say("Eve", "Smells of summer")
    client = sign_in(shop, Role.ANALYST)

    assert "Publish the review" not in client.get(f"{PAGE}?done={eve.pk}").content.decode()
    assert client.post(f"{PAGE}{eve.pk}/", {"status": "published"}).status_code == 403
