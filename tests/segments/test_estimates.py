"""An estimate says how far off it may be, and is not further off in 19 of 20 cases."""

import random

import pytest

from segments.domain.estimates import margin_of

PEOPLE = 30_000
RUNS = 200
ONE_IN = 50
LOOKS = 300
WIDTH = PEOPLE // RUNS // ONE_IN
STEP = WIDTH * ONE_IN
DRAW = random.Random(7)  # noqa: S311 a drawn population


def apart(share: float) -> list[bool]:
    return [DRAW.random() < share for _ in range(PEOPLE)]


def alike(share: float, together: int) -> list[bool]:
    """Return people of whom so many neighbours are all in or all out, as after an import."""
    blocks = [DRAW.random() < share for _ in range(PEOPLE // together)]
    return [is_in for is_in in blocks for _ in range(together)]


POPULATIONS = {
    "seldom": apart(0.02),
    "half": apart(0.5),
    "nearly all": apart(0.97),
    "in tens": alike(0.3, 10),
    "in hundreds": alike(0.3, 100),
    "half of the ids are others'": [
        is_in and place % 2 == 0 for place, is_in in enumerate(apart(0.6))
    ],
    "nobody": [False] * PEOPLE,
    "everybody": [True] * PEOPLE,
}


@pytest.mark.parametrize("name", POPULATIONS)
def test_an_estimate_is_as_good_as_it_says(name: str) -> None:
    population, draw = POPULATIONS[name], random.Random(name)  # noqa: S311 a drawn look
    members = sum(population)
    right = 0
    for _ in range(LOOKS):
        starts = (first + draw.randrange(STEP - WIDTH + 1) for first in range(0, PEOPLE, STEP))
        runs = [sum(population[at : at + WIDTH]) for at in starts]
        margin = margin_of([count for count in runs if count], runs=RUNS, one_in=ONE_IN)
        right += abs(ONE_IN * sum(runs) - members) <= margin
    assert right >= LOOKS * 0.9


def test_what_is_counted_is_exact_and_what_is_missed_is_not_nothing() -> None:
    assert margin_of([60], runs=1, one_in=1) == 0
    assert margin_of([], runs=200, one_in=50) == 150
    assert margin_of([], runs=0, one_in=50) == 150
    # 15 of 30 in each of 100 runs never differ; where half of the runs hold all of them they do.
    assert margin_of([15] * 100, runs=100, one_in=50) == 150
    assert margin_of([30] * 50, runs=100, one_in=50) == 14_774
