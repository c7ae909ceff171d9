"""Values that loyalty hands around."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


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

    @classmethod
    def read(cls, row: Any) -> Self:
        """Return the entry of a row that a statement wrote."""
        return cls(
            entry_id=row.id,
            profile_id=row.profile_id,
            kind=row.kind,
            points=row.points,
            source_key=row.source_key,
            order_id=row.order_id,
            effective_at=row.effective_at,
        )
