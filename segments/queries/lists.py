"""Lists that people put together, and which of them somebody is on."""

from segments.choices import SegmentKind
from segments.models import ListAside, ListEntry, Segment


def list_choices() -> list[tuple[int, str]]:
    """Return id and name of every list that people can be put on, by name."""
    rows = Segment.objects.filter(kind=SegmentKind.STATIC, archived_at=None).order_by("name")
    return list(rows.values_list("pk", "name"))


def find_lists_of(profile_id: int) -> set[int]:
    """Return the ids of the lists that somebody is on."""
    own, aside = (
        model.objects.filter(profile_id=profile_id, segment__archived_at=None)
        for model in (ListEntry, ListAside)
    )
    found = own.values_list("segment_id", flat=True)
    return set(found.union(aside.values_list("segment_id", flat=True)))
