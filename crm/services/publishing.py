"""Whether others may read what somebody said of an order on our own page: a member decides."""

from django.db import transaction

from crm.choices import EventSource, ReviewStatus
from crm.models import Review
from crm.queries.own_reviews import find_own, mark_of
from crm.services.ingest import apply_records
from crm.types.care import ReviewRecord
from kernel import clock
from kernel.errors import NotFound, Outdated
from tenants.services import audit

_ACTIONS = {
    ReviewStatus.PUBLISHED: "review.published",
    ReviewStatus.HIDDEN: "review.hidden",
    ReviewStatus.PENDING: "review.set_back",
}


@transaction.atomic
def decide_review(review_id: int, status: ReviewStatus, *, seen: str, actor: str = "") -> bool:
    """Publish a review, hide it, or let it wait again.

    Args:
        review_id: of the tenant.
        status: what it becomes.
        seen: what the member read, as `mark_of` says it.
        actor: e-mail address of the member.

    Returns:
        False when it was so already.

    Raises:
        NotFound: no such review, or its author does not let others read it.
        Outdated: its author changed it after it was read, or at the same time; nothing is changed.
    """
    before = _find(review_id)
    if before.status == status:
        return False
    now = clock.now()
    version_at = max(now, before.source_version_at)  # whose clock is ahead is not the newer for it
    record = ReviewRecord(before.external_id, version_at=version_at, status=status.value)
    # It takes turns with whoever else writes to the store, so that what is read behind it holds.
    apply_records(before.store_id, [record], source=EventSource.SYSTEM, now=now)
    after = _find(review_id)
    if mark_of(after) != seen or after.status != status:
        raise Outdated("They changed what they said. Read it again, then decide.")
    audit.record(
        _ACTIONS[status],
        "review",
        review_id,
        before={"status": before.status},
        after={"status": after.status, "rating": after.rating},
        actor=actor,
    )
    return True


@transaction.atomic
def replace_words(store_id: int, external_id: str, *, body: str, author: str) -> None:
    """Let a review say these words and no others: an empty one, of a tool no news, is meant so."""
    rows = Review.objects.filter(store_id=store_id, external_id=external_id)
    rows.update(body=body, author=author)


def _find(review_id: int) -> Review:
    found = find_own(review_id)
    if found is None:
        raise NotFound("This review does not exist, or its author took it back.")
    return found
