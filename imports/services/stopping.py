"""Addresses that a file suppresses, and taking them back."""

from collections.abc import Sequence
from dataclasses import dataclass

from crm.domain.digests import normal_address
from crm.queries.suppressions import find_scopes
from crm.services.consent import lift_many, suppress_many
from crm.types import Change, TakenBack
from imports.choices import Kind
from imports.models import Import
from imports.services.followers import TAKERS
from imports.types import Stop

SUPPRESSION = "suppression"
KEPT = (
    "It is no longer suppressed for this reason, was stopped for more since, "
    "or belongs to somebody who was erased."
)


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of the addresses of some documents.

    Attributes:
        are_new: of each document whether more is stopped of any of its addresses than before.
        changes: what an undo takes back: those of a file of suppressions.
    """

    are_new: Sequence[bool]
    changes: Sequence[Change]


def stop_addresses(source: Import, documents: Sequence[Sequence[Stop]]) -> Stopped:
    """Suppress what documents name, in the caller's transaction."""
    stops = [(stop.channel, stop.address, stop.reason) for each in documents for stop in each]
    added = suppress_many(stops, detail=f"File {source.filename}", actor=source.actor)
    is_list = source.kind == Kind.SUPPRESSIONS
    known = {(row.channel, row.address, row.reason) for row in added}
    return Stopped(
        [is_list and any(_key(stop) in known for stop in each) for each in documents],
        [
            Change(SUPPRESSION, row.id, None, None, {"scope": row.scope})
            for row in added
            if is_list and row.is_new
        ],
    )


def take_back_stops(changes: Sequence[Change], *, reason: str) -> TakenBack:
    """Let addresses be contacted again that an import suppressed.

    Of which somebody stopped more since stays stopped: that is not of the file.
    """
    del reason
    scopes = find_scopes(change.object_id for change in changes)
    same = [
        change.object_id
        for change in changes
        if scopes.get(change.object_id) == change.after.get("scope")
    ]
    gone = set(lift_many(same))
    result = TakenBack()
    for change in changes:
        if change.object_id in gone:
            result.removed.append(change.object_id)
        else:
            result.kept[change.object_id] = KEPT
    return result


def register() -> None:
    """Take part in undoing; called once, when the apps are loaded."""
    TAKERS[SUPPRESSION] = take_back_stops


def _key(stop: Stop) -> tuple[str, str, str]:
    return stop.channel, normal_address(stop.address), stop.reason
