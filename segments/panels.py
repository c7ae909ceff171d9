"""What other apps have to do with segments: who refers to one, and what can be made of a group.

The list names who refers to a segment, and none is deleted under them; the page of RFM offers what
can be made of each of its groups.

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
        object_id: None where one page shows all of its kind, and its address takes no id.
        used_at: when it last did something by the segment; None for never, or not known.
        starts_on_entry: entering the segment sets it off.
    """

    kind: str
    name: str
    route: str
    object_id: int | None
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


@dataclass(frozen=True, slots=True)
class GroupOffer:
    """One thing that can be made of an RFM group with one click.

    Attributes:
        label: of the button; ``done`` instead leads to what was made.
        name: what is made, for whoever does not see the button in its place.
        route: name of the address that takes ``group`` by POST.
        page: name of the address of what was made, which takes its id.
        capability: that making it needs.
        list_made: answers for the active tenant: ids of what was made, by group.
    """

    label: str
    done: str
    name: str
    route: str
    page: str
    capability: str
    list_made: Callable[[], Mapping[str, int]]


_GROUP_OFFERS: list[GroupOffer] = []


def fill_group_offer(offer: GroupOffer) -> None:
    """Have something offered for every RFM group."""
    _GROUP_OFFERS.append(offer)


def list_group_offers() -> list[GroupOffer]:
    """Return what can be made of RFM groups, in the order in which apps said so."""
    return list(_GROUP_OFFERS)
