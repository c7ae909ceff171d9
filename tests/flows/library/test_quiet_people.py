"""People who go quiet: a person calls, VIPs get no discount, and silence after a last chance."""

from datetime import timedelta

import pytest

from crm.models import Profile
from flows.models import Task
from kernel import clock
from tests.flows.library.story import SLUG, Story
from tests.flows.library.wares import of_library


def long_gone(story: Story, name: str, *days: int, total: str = "40.00", **fields: object) -> None:
    """Tell of somebody who ordered so many days ago, as history."""
    story.person(name, **fields)
    for ago in days:
        story.order(name, total=total, at=clock.now() - timedelta(days=ago), backfill=True)


@pytest.mark.covers("F21")
def test_a_person_is_asked_first_and_a_mail_follows_where_nobody_had_time(story: Story) -> None:
    story.install("handoff")
    for name in ("ada", "bob", "cy"):
        long_gone(story, name, 80, 44, total="90.00")
    long_gone(story, "dan", 30)
    sent = story.live(days=3)
    tasks = {task.profile.email[:3]: task for task in Task.objects.select_related("profile")}
    assert sorted(tasks) == ["ada", "bob", "cy@"]
    assert {task.state for task in tasks.values()} == {"open"}
    done = story.member.post(f"/t/{SLUG}/tasks/{tasks['ada'].pk}/finish/", {"state": "done"})
    assert done.status_code == 302
    story.settle()
    story.order("cy")
    sent += story.live(days=6)
    assert [line[1:] for line in of_library(sent)] == [("bob", "handoff")]


@pytest.mark.covers("F17")
def test_vips_get_something_better_than_a_discount(story: Story) -> None:
    story.install("guarded_discount")
    long_gone(story, "vip", 100, 59, total="900.00")
    long_gone(story, "ada", 100, 59)
    long_gone(story, "new", 100, 10)
    sent = story.live(days=4)
    assert sorted(line[1:] for line in of_library(sent)) == [
        ("ada", "guarded_offer"),
        ("vip", "guarded_best"),
    ]


@pytest.mark.covers("M8")
def test_three_mails_are_the_last_chance_and_then_there_is_silence(story: Story) -> None:
    for name in ("ada", "bob", "cy"):
        long_gone(story, name, 330, 178)
    Profile.objects.update(created_at=clock.now() - timedelta(days=400))
    story.install("last_chance")
    story.install("anniversary")
    sent = story.live(days=6)
    story.open("bob", "library_last_chance_1")  # reads it, and is left in peace
    sent += story.live(days=10)
    story.order("cy")
    later = clock.now() + timedelta(days=19, hours=21)  # the year of their first order is over
    sent += story.live(days=25, stops=[later])
    assert [line[1:] for line in of_library(sent)] == [
        ("ada", "last_chance_1"),
        ("bob", "last_chance_1"),
        ("cy", "last_chance_1"),
        ("ada", "last_chance_2"),
        ("cy", "last_chance_2"),
        ("ada", "last_chance_3"),
        ("bob", "anniversary"),
        ("cy", "anniversary"),
    ]
    assert story.skipped() == [("ada", "library_anniversary", "sunset")]
