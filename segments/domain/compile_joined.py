"""When a member of another segment came into it, as SQL over ``p`` (crm_profile).

It is the last entry that was noted. Who is let in by the very statement that asks joins at its
moment; who is in a segment of old without any entry joined when they were first known.
"""

from typing import Final

from segments.domain.compile_events import bounds_of, note_turns
from segments.domain.definitions import SegmentLeaf
from segments.domain.query import Query, now_of, seen_by

_JOINED: Final = """
SELECT CASE WHEN {is_stored} THEN COALESCE(GREATEST(
    (
        SELECT c.at
        FROM segments_membershipchange AS c
        WHERE c.tenant_id = %(tenant_id)s AND c.profile_id = p.id
          AND c.segment_id = {segment_id} AND c.entered {one_seen}
        ORDER BY c.at DESC
        LIMIT 1
    ),
    (
        SELECT b.at
        FROM segments_membershipmove AS b
        WHERE b.tenant_id = %(tenant_id)s AND b.part = p.id >> 13
          AND b.segment_id = {segment_id} AND b.entered {many_seen}
          AND p.id = ANY(b.profile_ids)
        ORDER BY b.id DESC
        LIMIT 1
    )
), p.created_at) END AS at
"""


def compile_joined(query: Query, leaf: SegmentLeaf, is_member: str) -> str:
    """Return whether a member joined within the window of a condition.

    Args:
        query: the statement.
        leaf: the condition, with a window.
        is_member: expression for whether the profile is in the segment.
    """
    at = joined_at(query, leaf)
    bounds = bounds_of(query, leaf.joined, at)
    note_turns(query, leaf.joined, f"(CASE WHEN {is_member} THEN {at} END)")
    return f"({' AND '.join([is_member, *bounds.rows, bounds.inside])})"


def joined_at(query: Query, leaf: SegmentLeaf) -> str:
    """Return the instant at which a member joined; who is none yet would do so now."""

    def build() -> str:
        seen = ["".join(f" AND {one}" for one in seen_by(query, f"{row}.at")) for row in "cb"]
        return _JOINED.format(
            is_stored=query.stored_sql(leaf.segment_id),
            segment_id=int(leaf.segment_id),
            one_seen=seen[0],
            many_seen=seen[1],
        )

    name = query.join(("joined", leaf.segment_id), build)
    return f"COALESCE({name}.at, {now_of(query)})"
