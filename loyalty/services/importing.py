"""Balances of another tool out of a file: posted with its import, and posted back by its undo."""

from collections.abc import Sequence

from crm.types import Change, TakenBack
from imports.choices import Kind
from imports.domain.points import Balance, read_balance
from imports.services.followers import FOLLOWERS, TAKERS
from imports.types import Options, Row
from kernel import clock
from loyalty.choices import EntryKind
from loyalty.models import PointsEntry
from loyalty.services.opening import NEW, Opening, check_openings, post_back, post_openings

POINTS = "points"
GONE = "Its person was erased since."


class _Balances:
    """Follows files of balances."""

    def refuse(self, options: Options, rows: Sequence[Sequence[Row]]) -> list[str]:
        """Say which balances the ledger refuses."""
        openings = [_opening(read_balance(each[0], options)[0], None) for each in rows]
        return check_openings(openings, source=options.tool)

    def follow(
        self, options: Options, actor: str, todo: Sequence[tuple[int, Sequence[Row]]]
    ) -> tuple[list[str], list[Change]]:
        """Post balances to the profiles that they turned out to be of."""
        openings = [
            _opening(read_balance(rows[0], options)[0], profile_id) for profile_id, rows in todo
        ]
        result = post_openings(openings, source=options.tool, actor=actor)
        changes = [
            Change(POINTS, entry_id, owner, None, {"points": points})
            for entry_id, owner, points in result.entries
        ]
        return [NEW if word == NEW else "unchanged" for word in result.outcomes], changes


def take_back_balances(changes: Sequence[Change], *, reason: str) -> TakenBack:
    """Post balances back that an import posted; the ledger keeps both."""
    result = TakenBack()
    entries = PointsEntry.objects.in_bulk([change.object_id for change in changes])
    posted = post_back(
        [entry for entry in entries.values() if entry.kind == EntryKind.OPEN],
        note=f"Import of {reason} undone",
        now=clock.now(),
    )
    for change in changes:
        if change.object_id in posted:
            result.removed.append(change.object_id)
        else:
            result.kept[change.object_id] = GONE
    return result


def register() -> None:
    """Take part in imports; called once, when the apps are loaded."""
    FOLLOWERS[Kind.POINTS] = _Balances()
    TAKERS[POINTS] = take_back_balances


def _opening(balance: Balance, profile_id: int | None) -> Opening:
    return Opening(
        points=balance.points,
        member_id=balance.name,
        since=balance.since,
        profile_id=profile_id,
        tier=balance.tier,
    )
