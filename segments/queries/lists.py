"""Lists that people put together, and which of them somebody is on."""

from django.db.models import Exists, OuterRef, QuerySet

from segments.choices import SegmentKind
from segments.models import ListAside, ListEntry, Segment


def list_choices() -> list[tuple[int, str]]:
    """Return id and name of every list that people can be put on, by name."""
    return list(_open_lists().values_list("pk", "name"))


def list_choices_of(profile_id: int) -> list[tuple[int, str, bool]]:
    """Return id and name of every such list, by name, and whether somebody is on it."""
    entry, aside = (
        Exists(model.objects.filter(profile_id=profile_id, segment_id=OuterRef("pk")))
        for model in (ListEntry, ListAside)
    )
    rows = _open_lists().annotate(is_on=entry | aside)
    return list(rows.values_list("pk", "name", "is_on"))


def _open_lists() -> QuerySet[Segment]:
    return Segment.objects.filter(kind=SegmentKind.STATIC, archived_at=None).order_by("name")
