"""Who else refers to segments, so that the list names them and none is deleted under them.

Filled by the apps above when they start (`AppConfig.ready`); segments knows none of them by name.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SegmentUser:
    """One thing that refers to a segment.

    Attributes:
        kind: what it is, such as ``Flow``.
        route: name of its page's address, which takes the tenant's slug and the id.
        used_at: when it last did something by the segment; None for never, or not known.
        starts_on_entry: entering the segment sets it off.
    """

    kind: str
    name: str
    route: str
    object_id: int
    used_at: datetime | None = None
    starts_on_entry: bool = False


ListUsers = Callable[[], Mapping[int, Sequence[SegmentUser]]]
"""Answers for the active tenant: what refers to a segment, by the segment's id."""

_USERS: list[ListUsers] = []


def fill_users(list_users: ListUsers) -> None:
    """Have the users of one app asked for."""
    _USERS.append(list_users)


def list_users() -> dict[int, list[SegmentUser]]:
    """Return what refers to each segment, in every app that said so."""
    found: dict[int, list[SegmentUser]] = defaultdict(list)
    for ask in _USERS:
        for segment_id, users in ask().items():
            found[segment_id].extend(users)
    return dict(found)
