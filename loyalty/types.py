"""Values that loyalty hands around."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Posted:
    """One entry that was really new.

    Attributes:
        points: signed whole points.
        source_key: its cause, such as ``order:17``.
        effective_at: aware; its day counts it.
    """

    entry_id: int
    profile_id: int
    kind: str
    points: int
    source_key: str
    order_id: int | None
    effective_at: datetime
