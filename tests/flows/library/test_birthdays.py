"""Birthdays a week before, on the day and after, by everybody's clock; and anniversaries."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model

from tests.flows.library.story import Story
from tests.flows.library.wares import body_of, of_library


def begin(story: Story, day: datetime) -> None:
    """Go to another day, and sign in anew."""
    story.travel.move_to(day)
    story.member.force_login(get_user_model().objects.get())


def moments(*days: str) -> list[datetime]:
    """Return the times at which it is looked whose day it is: 9 o'clock in three zones."""
    return [
        datetime.fromisoformat(f"2027-{day}T{hour:02}:00:00+00:00").astimezone(UTC)
        for day in days
        for hour in (0, 9, 14)
    ]


@pytest.mark.covers("F13")
def test_a_birthday_is_kept_before_on_and_after_the_day(story: Story) -> None:
    begin(story, datetime(2027, 2, 20, 12, tzinfo=UTC))
    story.install("birthday")
    said = {
        "ada": {"birthday": "1992-02-29"},  # the 28th in other years
        "bob": {"birthday": "02-28"},  # the year is their secret
        "cy": {"birthday": "1990-02-28"},
        "dan": {"birthday": "1990-02-28"},  # buys in between
        "eve": {"birthday": "soon"},
    }
    zones = {"bob": "America/New_York", "cy": "Asia/Tokyo"}
    for name, properties in said.items():
        story.person(name, properties=properties, timezone=zones.get(name, "Europe/London"))
    [coupon] = story.api.get("/api/v1/coupons/offers/").json()["results"]
    story.api.post(
        f"/api/v1/coupons/offers/{coupon['id']}/codes/",
        {"codes": [f"BDAY-{number}" for number in range(9)]},
        content_type="application/json",
    )
    sent = story.live(days=5, stops=moments("02-21"))
    story.order("dan")
    sent += story.live(days=10, stops=moments("02-28", "03-03"))
    assert of_library(sent) == [
        ("02-21 00:00", "cy", "birthday_gift"),
        ("02-21 09:00", "ada", "birthday_gift"),
        ("02-21 09:00", "dan", "birthday_gift"),
        ("02-21 14:00", "bob", "birthday_gift"),
        ("02-28 00:00", "cy", "birthday"),
        ("02-28 09:00", "ada", "birthday"),
        ("02-28 14:00", "bob", "birthday"),
        ("03-03 00:00", "cy", "birthday_reminder"),
        ("03-03 09:00", "ada", "birthday_reminder"),
        ("03-03 14:00", "bob", "birthday_reminder"),
    ]
    # The present is a code of their own, the same one in all three.
    codes = {
        word for at in (0, 1, 2) for word in body_of(story, "ada", at).split() if "BDAY" in word
    }
    assert len(codes) == 1


@pytest.mark.covers("F13")
def test_the_first_order_is_remembered_each_year(story: Story) -> None:
    begin(story, datetime(2027, 5, 30, 12, tzinfo=UTC))
    story.install("anniversary")
    today = datetime(2027, 6, 1, 9, tzinfo=UTC)
    for name, years in (("ada", 1), ("bob", 2), ("cy", 0)):
        story.person(name)
        at = today.replace(year=2027 - years) if years else today - timedelta(days=30)
        story.order(name, at=at, backfill=True)
    sent = story.live(days=3, stops=[today])
    assert of_library(sent) == [
        ("06-01 09:00", "ada", "anniversary"),
        ("06-01 09:00", "bob", "anniversary"),
    ]
    assert "One year" in body_of(story, "ada")
    assert "2 years" in body_of(story, "bob")
