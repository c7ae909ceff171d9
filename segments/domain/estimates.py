"""How far off a figure may be that was found in runs of neighbours."""

import math
from collections.abc import Sequence
from typing import Final

_SIGMAS: Final = 1.96
_AT_LEAST: Final = 3
"""Of one in so many, nobody was found where up to three times as many are, in 19 of 20 cases."""


def margin_of(found: Sequence[int], *, runs: int, one_in: int) -> int:
    """Return how many people an estimate may be off, either way, in 19 of 20 cases.

    Neighbours came at the same time and are alike, so that runs are compared and not people. Of
    nobody found as many may be off as could have been missed.

    Args:
        found: how many were found in each run; runs in which nobody was may be left out.
        runs: how many were looked at.
        one_in: of how many ids one was looked at; 1 for all, which is exact.
    """
    if one_in == 1:
        return 0
    total = sum(found)
    squares = sum(count * count for count in found) - total * total / max(runs, 1)
    spread = math.sqrt(max(squares, 0) * runs / max(runs - 1, 1))
    return round(one_in * max(_SIGMAS * spread, _AT_LEAST))
