"""What the weekly audits of memberships found."""

from dataclasses import dataclass
from datetime import datetime

from segments.models import Defect, Upkeep

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class LastAudit:
    """The last audit: when, how many people it looked at, how many memberships were wrong."""

    at: datetime
    people: int
    defects: int


def find_last_audit() -> LastAudit | None:
    """Return the last audit; None before the first one."""
    upkeep = Upkeep.objects.exclude(audited_at=None).first()
    if upkeep is None or upkeep.audited_at is None:
        return None
    found = Defect.objects.filter(found_at=upkeep.audited_at).count()
    return LastAudit(upkeep.audited_at, upkeep.audited_count, found)


def list_defects(*, before: int | None, limit: int) -> list[Defect]:
    """Return what audits found, newest first, with profile and segment.

    Args:
        before: id of the last one seen.
        limit: at most so many.
    """
    rows = Defect.objects.select_related("profile", "segment").order_by("-pk")
    return list((rows if before is None else rows.filter(pk__lt=before))[:limit])
