"""What follows a review that was written in whatever tool."""

import pytest

from flows.models import Task
from loyalty.models import PointsEntry
from tests.flows.library.goods import of_library, review
from tests.flows.library.story import Story


@pytest.mark.covers("F27")
def test_good_reviews_are_thanked_with_points_and_bad_ones_made_good(story: Story) -> None:
    story.install("after_review")
    for name in ("ada", "bob", "eve"):
        story.person(name)
    review(story, "ada", 5, title="Smells of summer")
    review(story, "bob", 3)
    review(story, "eve", 1, title="Cracked")
    sent = of_library(story.live(days=2))

    assert sent == [
        ("06-01 12:00", "bob", "review_heard"),
        ("06-01 12:00", "eve", "review_recovery"),
        ("06-02 12:00", "ada", "review_thanks"),
    ]
    given = PointsEntry.objects.values_list("profile__first_name", "points")
    assert list(given) == [("Ada", 50)]
    assert list(Task.objects.values_list("title", "profile__first_name")) == [
        ("Make it good: they wrote a bad review", "Eve")
    ]
    said = {each.content.subject: each.content.text for each in story.outbox.sent}
    assert "“Smells of summer”" in said["Thank you for your review"]
    assert "photo" in said["Thank you for your review"]
    assert "“Cracked”" in said["We read your review. Let us make it good"]
