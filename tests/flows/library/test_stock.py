"""Waiting list, price drop, low stock and the wish list: told while there is something to buy."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.test import Client

from crm.errors import IngestConflict
from crm.models import Event, ProfileFacts
from crm.services.ingest import apply_records
from messaging.services import signup_guard, waiting_lists
from tests.flows.library.story import SLUG, Story
from tests.flows.library.wares import LARGE, SMALL, body_of, line, of_library, stock, subject_of

ASKED, CANCELLED = "Back In Stock Requested", "Back In Stock Cancelled"
WISHED, UNWISHED = "Product Added to Wishlist", "Product Removed from Wishlist"
EMPTY: list[tuple[str, str, str]] = []


@pytest.mark.covers("F24", "F25")
def test_the_waiting_list_is_told_in_tranches_while_stock_lasts(story: Story) -> None:
    story.install("back_in_stock")
    stock(story, 0, 0)
    story.person("vip")
    story.order("vip", total="900.00")
    # Nobody needs marketing consent to hear what they asked for.
    story.person("dan", email_consent="unsubscribed")
    for person in ("ada", "bob", "cy", "dan", "eve", "vip", "ada"):  # Ada asks twice
        story.event(ASKED, person, **SMALL)
    story.event(ASKED, "fay", **LARGE)  # another variant
    story.event(ASKED, "gil", **SMALL)
    story.event(CANCELLED, "gil", **SMALL)  # and takes it back
    assert of_library(story.live(days=3)) == EMPTY

    stock(story, 1, 0)
    told = of_library(story.live(minutes=1))
    assert sorted(told) == [  # three for each piece, the best customer first, within a minute
        ("06-04 12:00", "ada", "back_in_stock"),
        ("06-04 12:00", "bob", "back_in_stock"),
        ("06-04 12:00", "vip", "back_in_stock"),
    ]
    assert subject_of(story, "ada") == "Lemon soap is back"
    assert "Only 1 left" in body_of(story, "ada")
    story.order("bob", lines=[line(SMALL)])
    stock(story, 0, 0)  # sold out again: the next tranche hears nothing, nor is anybody reminded
    assert of_library(story.live(days=3)) == EMPTY

    story.order("cy", lines=[line(SMALL)])  # has found one elsewhere
    stock(story, 9, 0)
    sent = of_library(story.live(days=3))
    assert sent == [
        ("06-07 12:01", "dan", "back_in_stock"),
        ("06-07 12:01", "eve", "back_in_stock"),
        ("06-09 12:01", "dan", "still_in_stock"),
        ("06-09 12:01", "eve", "still_in_stock"),
    ]
    assert subject_of(story, "dan") == "Lemon soap is still here"
    # Who was told may ask again; who bought is off the list; what was asked ends after 180 days.
    stock(story, 0, 0)
    story.event(ASKED, "ada", **SMALL)
    story.travel.shift(timedelta(days=181))
    story.settle()
    stock(story, 9, 9)
    assert of_library(story.live(minutes=5)) == EMPTY


def hidden_of(form: str) -> dict[str, str]:
    """Return what the page of a waiting list sends along unseen."""
    return dict(re.findall(r'name="(ticket|id)" value="([^"]+)"', form))


def open_list(story: Story, visitor: Client) -> str:
    """Switch on what tells those who wait; return the page on which they ask for it.

    Before that nobody is asked for an address, and members read why.
    """
    lists = f"/t/{SLUG}/content/forms/waiting/"
    path: str
    [path] = set(re.findall(r"(/w/[^\s?\"&<]+)", story.member.get(lists).text))
    sold_out = f"{path}?variant=soap-s"
    for answer in (visitor.get(sold_out), visitor.post(sold_out, {"email": "zoe@example.com"})):
        assert ("look again later" in answer.text, "<form" in answer.text) == (True, False)
    assert "Nobody can wait yet" in story.member.get(lists).text
    story.install("back_in_stock")
    assert "Nobody can wait yet" not in story.member.get(lists).text
    assert "It is in stock" in visitor.get(f"{path}?variant=soap-l").text
    for nothing in ("nothing", "%00", "%00nothing"):
        asked = [ask(f"{path}?variant={nothing}") for ask in (visitor.get, visitor.post)]
        assert [answer.status_code for answer in asked] == [404, 404]
    assert visitor.get(f"{path}x?variant=soap-s").status_code == 404
    return path


@contextmanager
def come_in_the_way(times: int) -> Iterator[list[int]]:
    """Let another writer be in the way of who waits, so often; yields what is left of that."""
    left = list(range(times))

    def write(*args: Any, **more: Any) -> Any:
        if left:
            left.pop()
            raise IngestConflict("taken")
        return apply_records(*args, **more)

    with patch.object(waiting_lists, "apply_records", write):
        yield left


def ask_often(story: Story, sold_out: str) -> None:
    """Ask more often than one address may in a day, and one IP in ten minutes."""
    stock(story, 0, 5)
    visitor = Client()
    said = hidden_of(visitor.get(sold_out).text)
    story.travel.shift(5)
    people = ["zoe"] * 6 + ["yan"] * 5
    answers = [
        visitor.post(sold_out, {**said, "id": str(uuid4()), "email": f"{who}@example.com"}).text
        for who in people
    ]
    refused = [at for at, answer in enumerate(answers) if "on the list" not in answer]
    assert refused == [5, 10]
    assert "many of our lists already" in answers[5]
    assert "Too many ask" in answers[10]
    assert Event.objects.filter(name=ASKED).count() == 10


@pytest.mark.covers("F24")
def test_somebody_waits_by_an_address_and_nobody_else_is_told(story: Story) -> None:
    stock(story, 0, 5)
    visitor = Client()
    path = open_list(story, visitor)
    sold_out = f"{path}?variant=soap-s"
    form = visitor.get(sold_out).text
    assert "Lemon soap, Small is sold out" in form
    said = {**hidden_of(form), "email": "zoe@example.com"}
    soon = visitor.post(sold_out, said)  # no person is as fast
    assert (soon.status_code, Event.objects.filter(name=ASKED).count()) == (422, 0)
    story.travel.shift(5)
    assert "mail address" in visitor.post(sold_out, {**said, "email": "zoe"}).text
    visitor.post(sold_out, {**said, signup_guard.TRAP: "1"})  # a robot is thanked, and forgotten
    assert Event.objects.filter(name=ASKED).count() == 0
    with come_in_the_way(2) as left:  # other writers, which is tried again unseen
        answers = [visitor.post(sold_out, said).text for _ in range(2)]  # and presses twice
    assert (left, ["You are on the list" in answer for answer in answers]) == ([], [True, True])
    assert Event.objects.filter(name=ASKED).count() == 1
    # What can be bought is nobody's to wait for: it would be told at once, to any address.
    other = {**said, "id": str(uuid4())}
    assert "It is in stock" in visitor.post(f"{path}?variant=soap-l", other).text
    assert Event.objects.filter(name=ASKED).count() == 1
    story.live(days=1)
    stock(story, 3, 5)
    assert [each[1:] for each in of_library(story.live(minutes=1))] == [("zoe", "back_in_stock")]
    assert subject_of(story, "zoe") == "Lemon soap is back"
    zoe = {"profile__email": "zoe@example.com", "profile__email_consent": "never"}
    assert ProfileFacts.objects.filter(**zoe, last_seen_at=None).count() == 1
    ask_often(story, sold_out)
    assert not visitor.cookies


@pytest.mark.covers("F25")
def test_prices_and_scarce_stock_are_told_to_those_who_wanted_it(story: Story) -> None:
    for key in ("price_drop", "low_stock", "wishlist", "wishlist_price", "wishlist_low_stock"):
        story.install(key)
    stock(story, 40)
    people = ("ada", "bob", "cy", "dan", "eve")
    for person in people:
        story.person(person)
    story.event("Product Viewed", "ada", **SMALL)
    story.event("Product Added", "bob", **SMALL)
    for person in ("cy", "dan", "eve"):
        story.event(WISHED, person, **SMALL)
    story.event(UNWISHED, "dan", product_id=SMALL["product_id"])  # all its variants
    sent = of_library(story.live(days=1))
    assert sent == EMPTY
    stock(story, 40, price="19.50")  # 2.5 percent: too little for anybody
    stock(story, 40, price="15.00")
    sent = of_library(story.live(days=2))
    assert sent == [
        ("06-02 12:00", "ada", "price_drop"),
        ("06-02 12:00", "cy", "wishlist_price"),
        ("06-02 12:00", "eve", "wishlist_price"),
    ]
    assert subject_of(story, "ada") == "Lemon soap now costs less"
    assert "£" not in body_of(story, "ada")
    assert "19.50" in body_of(story, "ada")
    story.order("eve", lines=[line(SMALL)])
    stock(story, 4)
    sent = of_library(story.live(days=6))
    assert sent == [
        ("06-04 12:00", "bob", "low_stock"),
        ("06-04 12:00", "cy", "wishlist_low"),
        ("06-09 09:00", "cy", "wishlist"),
    ]
    assert subject_of(story, "bob") == "Lemon soap is nearly gone"
    assert "Only 4 left" in body_of(story, "bob")
    # What is sold out is promoted to nobody, whatever its price.
    stock(story, 0, 0)
    story.event("Product Viewed", "ada", **SMALL)
    stock(story, 0, 0, price="9.00")
    assert of_library(story.live(days=1)) == EMPTY
    assert ("ada", "library_price_drop", "out_of_stock") in story.skipped()
