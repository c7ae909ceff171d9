"""Bad reviews that somebody settled with the person, whatever tool they were written in."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from crm.choices import NEGATIVE_RATING, EventSource
from crm.models import Review
from crm.services.events import append_events
from crm.services.reviews import describe_review
from crm.types import NewEvent


@transaction.atomic
def answer_reviews(profile_ids: Collection[int], now: datetime) -> int:
    """Mark the bad reviews of some people as answered; a repeat changes nothing.

    A later word of the tool that a review comes from counts as it would have.

    Args:
        profile_ids: of the active tenant.
        now: aware.

    Returns:
        Reviews that were open.
    """
    reviews = list(
        Review.objects.select_for_update(no_key=True)
        .filter(
            profile_id__in=set(profile_ids),
            rating__lte=NEGATIVE_RATING,
            answered_at__isnull=True,
        )
        .order_by("pk")
    )
    Review.objects.filter(pk__in=[review.pk for review in reviews]).update(
        answered_at=now, updated_at=now
    )
    append_events(
        [
            NewEvent(
                name="Review Updated",
                occurred_at=now,
                source=EventSource.SYSTEM,
                profile_id=review.profile_id,
                store_id=review.store_id,
                object_id=review.pk,
                properties={**describe_review(review), "is_answered": True},
                dedupe_key=f"review_answered:{review.pk}:{now.isoformat()}",
            )
            for review in reviews
        ],
        now=now,
    )
    return len(reviews)
