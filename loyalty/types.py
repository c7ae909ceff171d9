"""Values that loyalty hands around."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Posted:
    """One entry that was really new.

    Attributes:
        points: signed whole points.
        source_key: its cause, such as ``order:17``.
    """

    entry_id: int
    profile_id: int
    kind: str
    points: int
    source_key: str
    order_id: int | None
