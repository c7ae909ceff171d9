"""Which template of a test everybody else gets: the one that is most likely the best.

What one recipient does is drawn from a share that nobody knows; what is known of it after the test
is a Beta distribution for opens and clicks, and nearly a normal one for revenue. The chance of each
template to be the best is the share of draws that it wins; the draws are the same on any machine.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flows.domain.campaigns.cells import letter_of

SURE: Final = 0.9
DRAWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Score:
    """What one template came to.

    Attributes:
        recipients: who got it.
        hits: of those, who did what is measured: opened, clicked, or bought.
        total: sum of the revenue of each recipient, in minor units; of revenue alone.
        squares: sum of the squares of the same.
    """

    recipients: int
    hits: int
    total: int = 0
    squares: int = 0

    @property
    def mean(self) -> float:
        """Revenue per recipient in minor units."""
        return self.total / self.recipients if self.recipients else 0.0

    @property
    def share(self) -> float:
        """Share of recipients who did it, from 0 to 1."""
        return self.hits / self.recipients if self.recipients else 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """Which template won.

    Attributes:
        place: of the winner, counted from 0.
        chances: of each to be the best, 0 to 1.
        is_sure: the winner's chance is at least `SURE`; otherwise it has the largest expectation.
    """

    place: int
    chances: tuple[float, ...]
    is_sure: bool

    @property
    def words(self) -> str:
        """Return why, for people."""
        letter, chance = letter_of(self.place), self.chances[self.place]
        if self.is_sure:
            return f"{letter} is the best with a chance of {math.floor(100 * chance)}%."
        return (
            f"No template is the best for sure ({letter} with a chance of "
            f"{math.floor(100 * chance)}%); {letter} did best, so everybody else gets it."
        )


def decide(tested: Sequence[Score], *, is_revenue: bool) -> Decision:
    """Choose the template for everybody who was not in the test.

    Args:
        tested: in the order of the templates, one at least.
        is_revenue: what is measured is revenue per recipient, otherwise the share of hits.

    Returns:
        With nothing measured at all the first one, and nobody is sure of it.
    """
    chances = _chances(tested, is_revenue=is_revenue)
    likely = max(range(len(tested)), key=lambda place: (chances[place], -place))
    if chances[likely] >= SURE:
        return Decision(likely, chances, is_sure=True)
    expected = [
        each.mean if is_revenue else (each.hits + 1) / (each.recipients + 2) for each in tested
    ]
    best = max(range(len(tested)), key=lambda place: (expected[place], -place))
    return Decision(best, chances, is_sure=False)


def _chances(tested: Sequence[Score], *, is_revenue: bool) -> tuple[float, ...]:
    dice = random.Random(1)  # noqa: S311 draws of a simulation, the same each time
    wins = [0] * len(tested)
    for _ in range(DRAWS):
        drawn = [_draw(each, dice, is_revenue=is_revenue) for each in tested]
        wins[drawn.index(max(drawn))] += 1
    return tuple(won / DRAWS for won in wins)


def _draw(tested: Score, dice: random.Random, *, is_revenue: bool) -> float:
    if not is_revenue:
        misses = max(0, tested.recipients - tested.hits)
        return dice.betavariate(1 + tested.hits, 1 + misses)
    if tested.recipients < 2:  # noqa: PLR2004 one alone has no spread
        return dice.gauss(tested.mean, 1.0)
    spread = (tested.squares - tested.total * tested.mean) / (tested.recipients - 1)
    error = math.sqrt(max(0.0, spread) / tested.recipients)
    return dice.gauss(tested.mean, max(error, 1.0))
