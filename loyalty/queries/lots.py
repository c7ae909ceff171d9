"""What is left of somebody's points, and until when."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from kernel.formats import find_zone
from kernel.sql import run_sql
from loyalty.choices import EntryKind

SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Lot:
    """Points that came together.

    Attributes:
        last_day: on which they can be used, of the tenant's calendar; None: they do not expire.
        activates_at: from when on they can be used, where that was said.
    """

    order_id: int | None
    order_number: str
    kind_label: str
    earned: int
    remaining: int
    is_pending: bool
    activates_at: datetime | None
    last_day: date | None
    earned_at: datetime


@dataclass(frozen=True, slots=True)
class LotPage:
    """The lots that are used first, and how many points the others hold."""

    rows: list[Lot]
    more: int


def list_lots(profile_id: int, timezone: str, *, limit: int = SHOWN) -> LotPage:
    """Return what is left of the points of a profile, in the order in which it is used.

    Args:
        profile_id: whose.
        timezone: IANA name of the tenant's, whose calendar says which day is the last.
        limit: the most lots.
    """
    zone = find_zone(timezone)
    rows = run_sql("loyalty.list_lots", profile_id=profile_id, count=limit)
    lots = [
        Lot(
            order_id=row.order_id,
            order_number=row.order_number,
            kind_label=EntryKind(row.kind).label,
            earned=row.earned,
            remaining=row.remaining,
            is_pending=row.is_pending,
            activates_at=row.activates_at,
            last_day=row.expires_at and row.expires_at.astimezone(zone).date(),
            earned_at=row.earned_at,
        )
        for row in rows
    ]
    total = rows[0].total if rows else 0
    return LotPage(lots, total - sum(lot.remaining for lot in lots))
