"""How long what was bought lasts: of its own re-orders where there are enough, else as said."""

from typing import Final

LEAST_REORDERS: Final = 20
"""From so many re-orders on their median counts."""
MOST_DAYS: Final = 366
"""So long one piece lasts at the most."""


def pick_days(measured: float | None, reorder_count: int, said: int | None) -> float | None:
    """Return how many days one piece lasts; None where nobody knows.

    Args:
        measured: median of the days between re-orders, by the pieces of the first order.
        reorder_count: of how many re-orders.
        said: by a member.
    """
    if measured is not None and reorder_count >= LEAST_REORDERS:
        return measured
    return None if said is None else float(said)
