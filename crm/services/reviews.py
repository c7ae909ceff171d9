"""Reviews of a batch, and what they set off."""

from datetime import datetime
from typing import Any, Final

from crm.choices import ReviewStatus
from crm.models import Review
from crm.services.batch import Batch
from crm.services.care import Change, Kind

_TELLING: Final = ("rating", "status", "is_consented", "answered_at")
"""What of a review conditions and flows ask for."""


def describe_review(row: Review) -> dict[str, Any]:
    """Return what events say of a review."""
    said = {
        "rating": row.rating,
        "title": row.title,
        "status": row.status,
        "is_verified": row.is_verified,
        "is_consented": row.is_consented,
        "is_answered": row.answered_at is not None,
        "product_id": row.product_external_id,
    }
    return said if row.order_id is None else {**said, "order_id": row.order_id}


def _settle(values: dict[str, Any], version_at: datetime) -> None:
    values["status"] = values["status"] or str(ReviewStatus.PUBLISHED)
    values["reviewed_at"] = values["reviewed_at"] or version_at


def _speak(batch: Batch, change: Change) -> None:
    row, heard = change.row, change.heard
    said = describe_review(row)

    def add(name: str, at: datetime, key: str) -> None:
        batch.add_event(
            name,
            at,
            profile_id=row.profile_id,
            object_id=row.pk,
            properties=said,
            dedupe_key=key,
        )

    add("Review Submitted", row.reviewed_at, f"review_submitted:{row.pk}")
    if heard is not None and any(getattr(row, name) != getattr(heard, name) for name in _TELLING):
        version = f"{row.source_version_at.isoformat()}:{row.source_hash}"
        add("Review Updated", row.source_version_at, f"review_updated:{row.pk}:{version}")


REVIEWS: Final = Kind(
    model=Review,
    fields=(
        "product_external_id",
        "rating",
        "title",
        "body",
        "author",
        "status",
        "is_verified",
        "is_consented",
        "reviewed_at",
        "answered_at",
    ),
    settle=_settle,
    speak=_speak,
    needed=("rating",),
)
