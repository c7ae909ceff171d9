"""Who of an audience is held out, who tests which template: drawn once for ever, by lot."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from flows.domain.campaigns.plan import Plan
from flows.domain.lots import BUCKETS, draw_bucket, is_held_out_of_everything

HELD_OUT: Final = -1
EVERYTHING: Final = -2
"""Held out of all flows and campaigns; compared with nobody here, as they got nothing else."""
REST: Final = 0
LETTERS: Final = "ABCDE"


def draw_cell(plan: Plan, variants: int, *salt: object) -> int:
    """Return the cell of one recipient: held out, the rest, or 1 and on for a tested template.

    Args:
        plan: of the campaign.
        variants: its templates.
        salt: tenant, campaign and profile; the same ones have the same cell on any machine.
    """
    if plan.holdout and draw_bucket("campaign-holdout", *salt) < plan.holdout * BUCKETS // 100:
        return HELD_OUT
    if plan.test is None:
        return REST
    reach = plan.test.share * BUCKETS // 100
    bucket = draw_bucket("campaign-test", *salt)
    return 1 + bucket * variants // reach if bucket < reach else REST


def draw_cells(
    plan: Plan, variants: int, salt: tuple[int, int], profile_ids: Sequence[int], *, everything: int
) -> list[int]:
    """Return the cell of each of some people.

    Args:
        plan: of the campaign.
        variants: its templates.
        salt: tenant and campaign.
        profile_ids: the people.
        everything: per cent that are held out of all flows and campaigns.
    """
    return [
        EVERYTHING
        if everything and is_held_out_of_everything(everything, salt[0], profile_id)
        else draw_cell(plan, variants, *salt, profile_id)
        for profile_id in profile_ids
    ]


def cells_in_order(variants: int, *, is_test: bool, dues: Sequence[datetime] = ()) -> list[int]:
    """Return the cells of a phase in the order in which they are released.

    Args:
        variants: templates of the campaign.
        is_test: of which phase.
        dues: when each template is due of a test of times.
    """
    if not is_test:
        return [REST]
    cells = list(range(1, variants + 1))
    return sorted(cells, key=lambda cell: dues[cell - 1]) if dues else cells


def letter_of(place: int) -> str:
    """Return how people call the template at a place, counted from 0."""
    return LETTERS[place]
