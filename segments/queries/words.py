"""What the timeline says of segments and RFM groups, and the choices for the list of people."""

from collections.abc import Sequence

from crm.models import Event
from crm.panels import EventWords
from segments.domain.rfm import GROUP_LABELS
from segments.models import Segment

EVENTS = ("Segment Entered", "Segment Exited", "RFM Group Changed")
IN_SEGMENT = """
EXISTS (
    SELECT 1 FROM segments_membership AS m
    WHERE m.tenant_id = %(tenant_id)s AND m.profile_id = p.id
      AND m.segment_ids @> ARRAY[%(segment)s::bigint]
)
"""

IN_GROUP = """
FROM segments_rfmscore AS s
WHERE s.tenant_id = %(tenant_id)s AND s."group" = %(rfm_group)s
"""


def speak_moves(events: Sequence[Event]) -> dict[int, EventWords]:
    """Word entries, exits and moves between groups; one statement for any number."""
    moves = [event for event in events if event.name != "RFM Group Changed"]
    ids = [event.object_id for event in moves if event.object_id is not None]
    names = dict(Segment.objects.filter(pk__in=ids).values_list("pk", "name"))
    return {event.pk: _speak(event, names) for event in events}


def segment_choices() -> list[tuple[str, str]]:
    """Return id and name of every segment that is evaluated."""
    rows = Segment.objects.filter(archived_at=None).order_by("pk").values_list("pk", "name")
    return [(str(pk), name) for pk, name in rows]


def group_choices() -> list[tuple[str, str]]:
    """Return key and label of every RFM group, the best first."""
    return list(GROUP_LABELS.items())


def _speak(event: Event, names: dict[int, str]) -> EventWords:
    said = event.properties
    if event.name == "RFM Group Changed":
        before, now = (_group(said.get(key, "")) for key in ("from", "to"))
        was = f"Was {before} before" if before else ""
        return EventWords("star", f"Moved to {now}" if now else "Left the RFM groups", was)
    segment_id = event.object_id or 0
    name = names.get(segment_id) or said.get("segment", "a deleted segment")
    link = ("segments:detail", segment_id) if segment_id in names else None
    if event.name == "Segment Entered":
        return EventWords("segments", f"Entered {name}", "", "accent", link)
    return EventWords("logout", f"Left {name}", "", "neutral", link)


def _group(key: str) -> str:
    return GROUP_LABELS.get(key, key.replace("_", " ").capitalize())
