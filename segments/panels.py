"""Who else refers to segments, so that the list names them and none is deleted under them.

Filled by the apps above when they start (`AppConfig.ready`); segments knows none of them by name.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

ListUsers = Callable[[], Mapping[int, Sequence[str]]]
"""Answers for the active tenant: names of what refers to a segment, by the segment's id."""

_USERS: list[ListUsers] = []


def fill_users(list_users: ListUsers) -> None:
    """Have the users of one app asked for."""
    _USERS.append(list_users)


def list_users() -> dict[int, list[str]]:
    """Return the names of what refers to each segment, in every app that said so."""
    found: dict[int, list[str]] = defaultdict(list)
    for ask in _USERS:
        for segment_id, names in ask().items():
            found[segment_id].extend(names)
    return dict(found)
