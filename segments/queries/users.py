"""What refers to segments: other segments, and whatever the apps above filled in."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast

from messaging.queries.showing import list_segment_templates
from segments.models import Segment
from segments.panels import SegmentUser, list_users


def find_users() -> dict[int, list[SegmentUser]]:
    """Return what refers to each segment, by its id; archived segments refer to nothing."""
    found: dict[int, list[SegmentUser]] = defaultdict(list)
    for segment_id, named in _list_nested().items():
        found[segment_id].extend(named)
    for row in list_segment_templates():
        found[row.segment_id].append(
            SegmentUser("Template", row.name, "messaging:template", row.template_id)
        )
    for segment_id, users in list_users().items():
        found[segment_id].extend(users)
    return dict(found)


def last_use(segment: Segment, users: Iterable[SegmentUser]) -> datetime | None:
    """Return when a segment was last put to use; None for never."""
    times = [segment.used_at, *(user.used_at for user in users)]
    return max((at for at in times if at is not None), default=None)


def _list_nested() -> dict[int, list[SegmentUser]]:
    """Return the segments whose definition names another one, by the id of the named one.

    Definitions are not parsed: a thousand of them are looked at for each list.
    """
    rows = (
        Segment.objects.filter(archived_at=None)
        .annotate(text=Cast("definition", TextField()))
        .filter(text__contains='"segment":')
        .order_by("pk")
        .values_list("pk", "name", "definition")
    )
    found: dict[int, list[SegmentUser]] = defaultdict(list)
    for pk, name, definition in rows:
        for segment_id in sorted(_named(definition)):
            found[segment_id].append(SegmentUser("Segment", name, "segments:detail", pk))
    return found


def _named(part: Any) -> set[int]:
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    found = {segment_id for each in inner for segment_id in _named(each)}
    word = str(part.get("segment", "")) if isinstance(part, dict) else ""
    return found | {int(word)} if word.isdecimal() else found
