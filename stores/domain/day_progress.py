"""How far a day of orders is compared, kept while a platform asks for patience. Pure.

A shop with a small quota may list a busy day in several turns, and give what differs in several
more. Each turn keeps what it was told, so that none begins anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from stores.domain.audits import Comparison
from stores.types import OrderHead


@dataclass(slots=True)
class Progress:
    """One day between two turns.

    Attributes:
        until: up to when orders are compared; the end of the day, or a time that had passed when
            the first turn began.
        cursor: where the list goes on; None: it is complete.
        heads: what was listed so far.
        asked: differences whose orders were asked for in turns before, as they are shown.
        sums: both sides before anything was filled in; None before the first comparison.
    """

    until: datetime
    cursor: dict[str, Any] | None = field(default_factory=dict)
    heads: list[OrderHead] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    sums: dict[str, int] | None = None

    def note_sums(self, found: Comparison) -> dict[str, int]:
        """Return both sides as the first comparison saw them, by field of a day."""
        if self.sums is None:
            self.sums = {
                "our_count": found.our_count,
                "our_minor": found.our_minor,
                "their_count": found.their_count,
                "their_minor": found.their_minor,
            }
        return self.sums

    def pack(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "until": self.until.isoformat(),
            "cursor": self.cursor,
            "heads": [
                [
                    head.external_id,
                    head.ordered_at.isoformat(),
                    head.currency,
                    head.total_minor,
                    head.is_aside,
                ]
                for head in self.heads
            ],
            "asked": self.asked,
            "sums": self.sums,
        }

    @classmethod
    def unpack(cls, kept: Mapping[str, Any], until: datetime) -> Self:
        """Return what `pack` made; a new one where nothing was kept.

        Args:
            kept: of the row.
            until: of a new one.
        """
        if not kept:
            return cls(until)
        return cls(
            until=datetime.fromisoformat(kept["until"]),
            cursor=kept["cursor"],
            heads=[
                OrderHead(name, datetime.fromisoformat(at), code, minor, is_aside)
                for name, at, code, minor, is_aside in kept["heads"]
            ],
            asked=list(kept["asked"]),
            sums=kept["sums"],
        )
