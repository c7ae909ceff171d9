"""What follows a review that was written in whatever tool."""

import pytest

from flows.models import Task
from loyalty.models import PointsEntry, Program
from tests.flows.library.goods import of_library, review
from tests.flows.library.story import Story
from tests.flows.library.wares import body_of


@pytest.mark.covers("F27")
def test_good_reviews_are_thanked_with_points_and_bad_ones_made_good(story: Story) -> None:
    for kind in ("good", "middling", "bad"):
        story.install(f"after_{kind}_review")
    for name in ("ada", "bob", "eve", "dan"):
        story.person(name)
    review(story, "ada", 5, title="Smells of summer")
    review(story, "ada", 1, title="Leaks")  # another product of the same order
    review(story, "bob", 3)
    review(story, "eve", 1, title="Cracked")
    sent = of_library(story.live(days=2))

    assert sent == [
        ("06-01 12:00", "bob", "review_heard"),
        ("06-01 13:00", "ada", "review_recovery"),
        ("06-01 13:00", "eve", "review_recovery"),
        ("06-02 12:00", "ada", "review_thanks"),
    ]
    given = PointsEntry.objects.values_list("profile__first_name", "points")
    assert list(given) == [("Ada", 50)]
    made_good = "Make it good: they wrote a bad review"
    assert list(Task.objects.order_by("pk").values_list("title", "profile__first_name")) == [
        (made_good, "Ada"),
        (made_good, "Eve"),
    ]
    thanks = body_of(story, "ada")
    assert "“Smells of summer”" in thanks
    assert "50 points are on your account" in thanks
    assert "photo" in thanks
    assert "“Leaks”" in body_of(story, "ada", 0)
    assert "“Cracked”" in body_of(story, "eve")

    Program.objects.update(is_active=False)
    review(story, "dan", 4)
    assert of_library(story.live(days=2)) == [("06-04 12:00", "dan", "review_thanks")]
    assert "points" not in body_of(story, "dan")
