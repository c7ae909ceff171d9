"""The review request: when it leaves, and what becomes of the answer."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from crm.models import Review
from crm.queries.shelves import list_praise
from flows.models import Task
from kernel import clock
from messaging.models import Message
from tests.factories.flows import definition, make_flow, message_node
from tests.flows.library.goods import of_library, review, sell, ship
from tests.flows.library.story import Story


def page_of(story: Story, person: str, template: str) -> str:
    """Return the path of the page of stars that the last mail of a template leads to."""
    message = Message.objects.filter(
        profile__email=f"{person}@example.com", template__key=template
    ).latest("pk")
    [mail] = [each for each in story.outbox.sent if each.message_id == message.message_id]
    return str(re.findall(r"(/r/[^\s?\"<>)]+)", mail.content.text)[0])


def text_of(story: Story, person: str, template: str) -> tuple[str, str]:
    """Return subject and text of the last mail of a template."""
    message = Message.objects.filter(
        profile__email=f"{person}@example.com", template__key=template
    ).latest("pk")
    [mail] = [each for each in story.outbox.sent if each.message_id == message.message_id]
    return mail.content.subject, mail.content.text


@pytest.mark.covers("F8")
def test_it_leaves_five_days_after_the_parcel_arrived_or_should_have(story: Story) -> None:
    soap = sell(story, "soap", "Lemon soap", "consumable")
    radio = sell(story, "radio", "Radio", "technical")
    chair = sell(story, "chair", "Chair", "high_value")
    story.install("review_request")
    for name in ("ada", "bob", "eve", "dan", "fay"):
        story.person(name)
    ada, bob, eve, dan, fay = (
        story.order(name, lines=[line])
        for name, line in {
            "ada": soap,
            "bob": radio,
            "eve": chair,
            "dan": soap,
            "fay": soap,
        }.items()
    )
    for order in (ada, eve, dan, fay):
        ship(story, order, status="shipped", shipped_at=clock.now())
    # The shop tells of this parcel only once it is there.
    ship(story, bob, status="delivered", delivered_at=clock.now())
    sent = story.live(days=2)
    ship(story, ada, status="delivered", delivered_at=clock.now())
    ship(story, fay, status="delivered", delivered_at=clock.now())
    story.call(
        "returns",
        {
            "external_id": "r-1",
            "order_external_id": dan,
            "status": "requested",
            "requested_at": clock.now().isoformat(),
        },
    )
    story.call(
        "tickets",
        {
            "external_id": "t-1",
            "profile": story.who("fay"),
            "status": "open",
            "opened_at": clock.now().isoformat(),
            "updated_at": clock.now().isoformat(),
        },
    )
    sent += story.live(days=12)

    assert of_library(sent) == [
        ("06-06 12:00", "bob", "review_request"),
        ("06-08 12:00", "ada", "review_request"),
        ("06-13 12:00", "eve", "review_request"),
    ]
    asked = {name: text_of(story, name, "library_review_request") for name in ("ada", "bob", "eve")}
    assert [subject for subject, _ in asked.values()] == [
        "How is Lemon soap?",
        "How is Radio?",
        "How is Chair?",
    ]
    prompts = {"ada": "the scent, the taste", "bob": "Is it set up", "eve": "in your hands?"}
    assert {name: words in asked[name][1] for name, words in prompts.items()} == {
        "ada": True,
        "bob": True,
        "eve": True,
    }


def deliver(story: Story, *names: str) -> None:
    """Let people have their soap today."""
    soap = sell(story, "soap", "Lemon soap")
    for name in names:
        story.person(name)
        order = story.order(name, lines=[soap])
        ship(story, order, status="delivered", delivered_at=clock.now())


@pytest.mark.covers("F8")
def test_bad_stars_go_to_support_and_stop_promotions_until_it_is_settled(story: Story) -> None:
    story.install("review_request")
    story.install("second_purchase")
    story.install("after_bad_review")
    names = ("ada", "may", "kim", "lea", "zoe")
    deliver(story, *names)
    other = story.order("kim", backfill=True)
    sent = story.live(days=5, hours=1)
    pages = {name: page_of(story, name, "library_review_request") for name in names}
    story.travel.shift(timedelta(minutes=1))
    seen = Client().get(f"{pages['ada']}?score=2")
    assert (seen.status_code, "Lemon soap" in seen.text) == (200, True)
    assert Review.objects.count() == 0
    assert Client().post(pages["ada"], {"score": "9"}).status_code == 400
    assert "Thank you" in Client().post(pages["ada"], {"score": "2", "words": "Cracked"}).text
    Client().post(pages["may"], {"score": "3"})
    Client().post(pages["lea"], {"score": "5", "is_public": "yes", "author": "Lea"})
    Client().post(pages["zoe"], {"score": "5"})
    review(story, "kim", 1, order_external_id=other)  # of what she was not asked about
    sent += story.live(days=5, hours=23, minutes=59)
    task = Task.objects.get(profile__first_name="Ada")
    done = story.api.post(f"/api/v1/tasks/{task.pk}/finish/", content_type="application/json")
    after = story.live(hours=1)

    assert of_library(sent) == [
        *(("06-06 12:00", name, "review_request") for name in names),
        ("06-06 13:01", "ada", "review_sorry"),
        ("06-06 13:02", "zoe", "review_publish"),
        ("06-06 14:01", "kim", "review_recovery"),
        ("06-12 09:00", "may", "second_hello"),
        ("06-12 09:00", "lea", "second_hello"),
        ("06-12 09:00", "zoe", "second_hello"),
    ]
    assert (task.title, task.profile.email, done.status_code) == (
        "Make it good: they gave one or two stars",
        "ada@example.com",
        200,
    )
    assert of_library(after) == [("06-12 13:30", "ada", "second_hello")]
    settled = Review.objects.get(rating=2)
    assert (settled.status, settled.body, settled.answered_at) == (
        "pending",
        "Cracked",
        datetime(2026, 6, 12, 13, tzinfo=UTC),
    )


def check_that_members_decide(story: Story, page: str) -> None:
    """Look at what others read while Eve changes her review and a member decides."""
    review = Review.objects.get(profile__first_name="Eve")
    decided = {"store_id": review.store_id, "external_id": review.external_id}
    said = {"score": "5", "words": "Buy elsewhere", "is_public": "yes", "author": "Eve"}

    def read() -> list[str]:
        story.travel.shift(1)
        return [each.body for each in list_praise(5)]

    assert read() == []
    story.tell("reviews", **decided, status="published")
    assert read() == ["Smells of summer"]
    Client().post(page, said)
    assert read() == []  # a change is published anew
    story.tell("reviews", **decided, status="published")
    assert read() == ["Buy elsewhere"]
    Client().post(page, {**said, "is_public": ""})
    story.tell("reviews", **decided, status="published")
    assert read() == []  # they took it back, whatever a member says
    review.refresh_from_db()
    assert (review.status, review.is_consented) == ("published", False)
    Client().post(page, {"score": "4", "words": ""})
    review.refresh_from_db()
    assert (review.rating, review.body, review.author) == (4, "", "")


@pytest.mark.covers("F8")
def test_good_stars_are_asked_to_be_shown_and_an_order_is_asked_about_once(story: Story) -> None:
    story.install("review_request")
    deliver(story, "eve")
    make_flow(
        definition(
            {"ask": message_node("library_review_request", message_class="behavioural")},
            trigger={"event": "Order Delivered"},
        ),
        name="Another flow that asks",
    )
    deliver(story, "kim")
    sent = story.live(days=5, hours=1)
    page = page_of(story, "eve", "library_review_request")
    Client().post(page, {"score": "5", "words": "Smells of summer"})
    sent += story.live(days=3)
    kept = Review.objects.get()
    assert (kept.status, kept.body) == ("pending", "Smells of summer")
    shown = page_of(story, "eve", "library_review_publish")
    Client().post(shown, {"score": "5", "words": kept.body, "is_public": "yes", "author": "Eve"})

    assert of_library(sent) == [
        ("06-01 12:00", "kim", "review_request"),
        ("06-06 12:00", "eve", "review_request"),
        ("06-06 13:01", "eve", "review_publish"),
    ]
    assert story.skipped() == [("kim", "library_review_request", "review_asked")]
    offered = Review.objects.get()
    assert (offered.status, offered.author, offered.is_verified) == ("pending", "Eve", True)
    check_that_members_decide(story, shown)
    codes = [Client().post(page, {"score": "5"}).status_code for _ in range(10)]
    assert codes == [200] * 10
    assert Client().post(page, {"score": "5"}).status_code == 429
    assert Client().get(page).status_code == 200
