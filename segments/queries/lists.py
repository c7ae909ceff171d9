"""Lists that people put together, and which of them somebody is on."""

from segments.choices import SegmentKind
from segments.models import ListEntry, Segment


def list_choices() -> list[tuple[int, str]]:
    """Return id and name of every list that people can be put on, by name."""
    rows = Segment.objects.filter(kind=SegmentKind.STATIC, archived_at=None).order_by("name")
    return list(rows.values_list("pk", "name"))


def find_lists_of(profile_id: int) -> set[int]:
    """Return the ids of the lists that somebody is on."""
    entries = ListEntry.objects.filter(profile_id=profile_id, segment__archived_at=None)
    return set(entries.values_list("segment_id", flat=True))
