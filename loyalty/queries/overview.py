"""What the programme owes, moves and is worth: figures of the overview and of one account.

Each comes from sums that are kept with the entries, so none grows with the shop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from crm.models import Profile
from kernel import clock, money
from kernel.formats import find_zone
from kernel.keyset import has_any
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from loyalty.choices import EntryKind
from loyalty.models import PointsAccount, PointsEntry, Program
from tenants.queries import get_tenant

TOP = 10
SERIES: Mapping[str, tuple[str, Sequence[EntryKind], int]] = {
    "earned": ("Earned", (EntryKind.EARN,), 1),
    "redeemed": ("Redeemed", (EntryKind.REDEEM,), -1),
    "taken_back": ("Taken back", (EntryKind.REVERSE,), -1),
    "expired": ("Expired", (EntryKind.EXPIRE,), -1),
    "adjusted": ("Adjusted by hand or corrected", (EntryKind.ADJUST,), 1),
    "brought": ("Brought from another tool", (EntryKind.OPEN,), 1),
}
"""What a chart tells apart: words, kinds, and the sign under which they are counted."""


@dataclass(frozen=True, slots=True)
class Liability:
    """What the programme owes.

    Attributes:
        points: sum of all balances.
        holders: people who have points now.
    """

    points: int
    holders: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Points that moved in a period, each counted under its own sign; see `SERIES`."""

    days: Sequence[date]
    series: Mapping[str, Sequence[int]]

    def total(self, key: str) -> int:
        """Return the sum of one series over the period."""
        return sum(self.series[key])


@dataclass(frozen=True, slots=True)
class Holder:
    """One account with a high balance."""

    profile: Profile
    balance: int


def find_liability() -> Liability:
    """Return what the programme owes."""
    [row] = run_sql("loyalty.sum_balances")
    return Liability(row.points, row.holders)


def measure_days(first: date, last: date) -> Moved:
    """Return what moved on each day of a period by when it took effect; quiet days are zeros."""
    rows = run_sql("loyalty.sum_days", first_day=first, last_day=last)
    found = {(row.day, row.kind): int(row.points) for row in rows}
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    series = {
        key: [sign * sum(found.get((day, str(kind)), 0) for kind in kinds) for day in days]
        for key, (_, kinds, sign) in SERIES.items()
    }
    return Moved(days, series)


def today() -> date:
    """Return the present day of the tenant's calendar."""
    zone = get_tenant(current_tenant_id()).timezone
    return clock.now().astimezone(find_zone(zone)).date()


def list_top(*, limit: int = TOP) -> list[Holder]:
    """Return the accounts with the highest balances."""
    rows = PointsAccount.objects.filter(balance__gt=0).select_related("profile")
    found = rows.order_by("-balance", "-profile_id")[:limit]
    return [Holder(row.profile, row.balance) for row in found]


def has_entries() -> bool:
    """Say whether any point ever moved."""
    return has_any(PointsEntry.objects.all())


def sum_kinds(profile_id: int) -> list[tuple[str, int]]:
    """Return how many points of a profile moved for each kind, in words, in a fixed order."""
    rows = run_sql("loyalty.sum_kinds", profile_id=profile_id)
    found = {row.kind: int(row.points) for row in rows}
    return [(kind.label, found[kind.value]) for kind in EntryKind if found.get(kind.value)]


def worth_minor(points: int, program: Program | None, currency: str) -> int | None:
    """Return what points are worth in minor units of a currency; None without a programme."""
    if program is None:
        return None
    worth: Any = Decimal(points) * program.value_per_point
    return int(worth.scaleb(money.exponent(currency)).quantize(Decimal(1), ROUND_HALF_UP))
