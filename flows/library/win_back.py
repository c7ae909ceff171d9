"""The short win-back, which is on in every account from the beginning."""

from typing import Any, Final

from flows.library.base import PROMOTIONAL, START, Bound, LibraryFlow, Standing
from flows.library.steps import (
    ORDER,
    delay,
    end,
    every,
    flow,
    in_segment,
    message,
    no,
    opened,
    split,
)

FIRST: Final = Standing("win_back", "Win-back", PROMOTIONAL)
REMINDER: Final = Standing("win_back_reminder", "Win-back, reminder", PROMOTIONAL)


def build_win_back(segment: str) -> dict[str, Any]:
    """Return the definition for the tenant's at-risk segment, by its id."""
    return flow(
        {"segment": segment},
        {
            "first": message(FIRST, "week"),
            "week": delay(7, "days", "still_away"),
            "still_away": split(
                every(in_segment(segment), no(opened("first"))), yes="second", no="read"
            ),
            "second": message(REMINDER, "reminded"),
            "read": end("opened, or no longer at risk"),
            "reminded": end("reminded once"),
        },
        reentry={"policy": "after", "n": 60, "unit": "days"},
        exit_on=[ORDER],
        goal=ORDER,
    )


def build(bound: Bound) -> dict[str, Any]:
    """Return the definition."""
    return build_win_back(bound.segment("at_risk"))


FLOW: Final = LibraryFlow(
    key="win_back",
    name="Win-back",
    rows=("F11",),
    group=START,
    icon="return",
    description="Writes to customers who have not ordered for 60 days, and once more a week later.",
    build=build,
    messages=(FIRST, REMINDER),
    segments=("at_risk",),
)
