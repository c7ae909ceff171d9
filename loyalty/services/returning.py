"""What expired is given back when it is taken back with its order, or with its opening balance."""

from collections.abc import Sequence
from typing import Final

from kernel.arrays import columns
from kernel.sql import run_sql
from loyalty.choices import EntryKind
from loyalty.types import Posted

BACK: Final = ":back"
"""What the key of an entry ends with that posts an opening balance back."""
_NOTE: Final = "Had expired; taken back instead"


def return_expired(posted: Sequence[Posted]) -> list[Posted]:
    """Give back what expired of the lots that new entries take back more from than they hold.

    So a balance is the same whether a refund or the expiry came first. Must run in the transaction
    that wrote the entries, with their accounts locked.

    Returns:
        The entries that give back; most often none.
    """
    taking = {entry.order_id for entry in posted if entry.points < 0 and entry.order_id}
    rows = [
        (
            entry.entry_id,
            entry.profile_id,
            entry.points,
            entry.order_id,
            entry.effective_at,
            opening_of(entry),
        )
        for entry in posted
        if entry.order_id in taking or opening_of(entry)
    ]
    if not rows:
        return []
    return [
        Posted.read(row)
        for row in run_sql(
            "loyalty.return_expired",
            note=_NOTE,
            **columns("entry_ids profile_ids points order_ids times openings", rows),
        )
    ]


def opening_of(entry: Posted) -> str:
    """Return the key of the opening balance that an entry posts back; empty for any other."""
    is_back = entry.kind == EntryKind.OPEN and entry.points < 0
    return entry.source_key.removesuffix(BACK) if is_back else ""
