"""Lots that are drawn once for ever: the same question has the same answer on any machine."""

import hashlib
from collections.abc import Sequence

from flows.domain.nodes import ShareWay

BUCKETS = 10_000


def draw_bucket(*parts: object) -> int:
    """Return a number from 0 to 9,999 that depends on the parts alone, spread evenly."""
    text = "|".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % BUCKETS


def is_held_out(share: int, salt: str, profile_id: int) -> bool:
    """Say whether a person belongs to the group that gets nothing, so that the effect shows.

    The same persons are held out for ever: a larger share adds some, a smaller one lets some go.

    Args:
        share: in hundredths of a percent.
        salt: what draws its own lots, such as ``flow|7|12`` (its kind, tenant and id). Never
            changed, or other persons would be held out.
        profile_id: who is asked for.
    """
    return draw_bucket("holdout", salt, profile_id) < share


def is_held_out_of_everything(percent: int, tenant_id: int, profile_id: int) -> bool:
    """Say whether a person gets nothing of all flows and campaigns, so that their effect shows.

    Args:
        percent: of everybody, 0 to 100.
        tenant_id: draws the lots, which are the same for ever.
        profile_id: who is asked for.
    """
    return is_held_out(percent * 100, f"everything|{tenant_id}", profile_id)


def pick_way(ways: Sequence[ShareWay], bucket: int) -> ShareWay:
    """Return the way whose share, counted from the first one on, holds the bucket."""
    reached = 0
    for way in ways:
        reached += way.share
        if bucket < reached:
            return way
    return ways[-1]
