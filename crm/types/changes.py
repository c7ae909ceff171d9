"""What a batch of records did, and what became of it when it was taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """What a batch of records did to one thing (`crm.services.snapshots`).

    Attributes:
        kind: ``event``, ``refund``, ``order``, ``merge`` or ``person``, or of an app above.
        object_id: of the event, document, merge or profile.
        profile_id: whom it was about before; None for nobody.
        before: as it was, as far as it changed; None: it was not there.
        after: by what it is known that nothing newer changed it.
    """

    kind: str
    object_id: int
    profile_id: int | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]


@dataclass(slots=True)
class TakenBack:
    """What became of some changes that were to be taken back, by id of the object.

    Attributes:
        removed: was created by the change and is gone.
        restored: is what it was.
        kept: stays, and why, for people.
    """

    removed: list[int] = field(default_factory=list)
    restored: list[int] = field(default_factory=list)
    kept: dict[int, str] = field(default_factory=dict)
