"""Which tier somebody merits and when they move: pure rules."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.outlook import Deed, Fall, Record, foresee
from loyalty.domain.tiers import (
    ALL,
    BEGINNING,
    CALENDAR,
    LIFETIME,
    ROLLING,
    Figures,
    Rules,
    Standing,
    Step,
    direction_of,
    find_flaw,
)

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
NEW = Step(1, "New", 1)
REGULAR = Step(2, "Regular", 2, min_spend_minor=15_000, min_orders=3)
VIP = Step(3, "VIP", 3, min_spend_minor=50_000, min_points=400, needs=ALL)
NOTHING = Figures()


def rules(window: str = ROLLING, grace: int = 30) -> Rules:
    return Rules((NEW, REGULAR, VIP), window, grace, LONDON)


@pytest.mark.covers("L4")
@pytest.mark.parametrize(
    ("figures", "before", "merited"),
    [
        (NOTHING, NOTHING, NEW),
        (Figures(14_999, 2, 999), NOTHING, NEW),
        (Figures(15_000, 1), NOTHING, REGULAR),
        (Figures(0, 3), NOTHING, REGULAR),
        (Figures(50_000, 1, 399), NOTHING, REGULAR),
        (Figures(50_000, 1, 400), NOTHING, VIP),
        (NOTHING, Figures(50_000, 1, 400), VIP),
    ],
)
def test_either_or_both_thresholds(figures: Figures, before: Figures, merited: Step) -> None:
    assert rules().merited(figures, before) == merited


@pytest.mark.covers("L4")
def test_people_go_up_at_once_and_down_after_the_days_of_grace() -> None:
    def decide(current: Step, merited: Step, falls_at: datetime | None, now: datetime) -> Standing:
        return rules().decide(current, merited, falls_at=falls_at, oldest=None, now=now)

    assert decide(NEW, VIP, None, NOW) == Standing(VIP)
    ends = NOW + timedelta(days=30)
    assert decide(VIP, NEW, None, NOW) == Standing(VIP, ends, ends)
    # What was said stays said, until it is time; who merits it again has it again.
    later = NOW + timedelta(days=10)
    assert decide(VIP, NEW, ends, later) == Standing(VIP, ends, ends)
    assert decide(VIP, VIP, ends, later) == Standing(VIP)
    assert decide(VIP, REGULAR, ends, ends) == Standing(REGULAR)
    none = Rules((NEW, REGULAR, VIP), ROLLING, 0, LONDON)
    assert none.decide(VIP, NEW, falls_at=None, oldest=None, now=NOW) == Standing(NEW)


@pytest.mark.parametrize(
    ("window", "now", "since", "before"),
    [
        (LIFETIME, NOW, "1970-01-01", "1970-01-01"),
        (ROLLING, NOW, "2025-06-30T23:00", "2025-06-30T23:00"),
        (CALENDAR, NOW, "2026-01-01", "2025-01-01"),
        # Half past midnight of New Year's Day in London.
        (CALENDAR, datetime(2026, 1, 1, 0, 30, tzinfo=UTC), "2026-01-01", "2025-01-01"),
        (ROLLING, datetime(2024, 2, 29, 12, tzinfo=UTC), "2023-03-01", "2023-03-01"),
    ],
)
def test_from_when_on_orders_count(window: str, now: datetime, since: str, before: str) -> None:
    bounds = rules(window).bounds(now)
    found = [at.replace(tzinfo=None) for at in (bounds.since, bounds.before)]
    assert found == [datetime.fromisoformat(since), datetime.fromisoformat(before)]


@pytest.mark.parametrize(
    ("window", "oldest", "due"),
    [
        (LIFETIME, NOW, None),
        (CALENDAR, NOW, datetime(2027, 1, 1, tzinfo=UTC)),
        (ROLLING, None, None),
        (ROLLING, datetime(2026, 2, 3, 9, tzinfo=UTC), datetime(2027, 2, 3, tzinfo=UTC)),
        (ROLLING, datetime(2024, 2, 29, 9, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)),
    ],
)
def test_the_clock_looks_when_figures_fall_next(
    window: str, oldest: datetime | None, due: datetime | None
) -> None:
    standing = rules(window).decide(VIP, VIP, falls_at=None, oldest=oldest, now=NOW)
    assert standing == Standing(VIP, None, due)
    lowest = rules(window).decide(NEW, NEW, falls_at=None, oldest=oldest, now=NOW)
    assert lowest == Standing(NEW)
    # Who is in the lowest tier can fall out of it where it asks for something.
    alone = Rules((VIP,), window, 30, LONDON)
    assert alone.decide(VIP, VIP, falls_at=None, oldest=oldest, now=NOW) == standing


def ordered(month: int, day: int, spend: int) -> Deed:
    return Deed(datetime(2026, month, day, 9, tzinfo=UTC), Figures(spend, 1, 1_000))


@pytest.mark.covers("L4", "S4")
@pytest.mark.parametrize(
    ("window", "deeds", "step", "fall"),
    [
        # Thirty days after an order has turned a year old; the other one counts still.
        (
            ROLLING,
            [ordered(5, 3, 40_000), ordered(2, 3, 10_000)],
            VIP,
            Fall(datetime(2027, 3, 5, tzinfo=UTC), REGULAR),
        ),
        # Within the days of grace that one leaves the window as well.
        (
            ROLLING,
            [ordered(2, 20, 40_000), ordered(2, 3, 10_000)],
            VIP,
            Fall(datetime(2027, 3, 5, tzinfo=UTC), NEW),
        ),
        (
            ROLLING,
            [ordered(2, 3, 10_000), ordered(3, 1, 50_000)],
            VIP,
            # British clocks went forward on the 28th.
            Fall(datetime(2027, 3, 30, 23, tzinfo=UTC), NEW),
        ),
        # What this year earned is kept for all of the next one.
        (
            CALENDAR,
            [ordered(2, 3, 60_000)],
            VIP,
            Fall(datetime(2028, 1, 31, tzinfo=UTC), NEW),
        ),
        (CALENDAR, [], VIP, Fall(datetime(2027, 1, 31, tzinfo=UTC), NEW)),
        (LIFETIME, [Deed(BEGINNING, Figures(60_000, 1, 1_000))], VIP, None),
        (ROLLING, [], NEW, None),
        (ROLLING, [ordered(2, 3, 10_000)], None, None),
    ],
)
def test_when_time_takes_a_tier_is_known_ahead(
    window: str, deeds: list[Deed], step: Step | None, fall: Fall | None
) -> None:
    assert foresee(rules(window), Standing(step), Record(deeds), NOW) == fall


def test_days_of_grace_end_at_the_same_time_of_the_day_after_clocks_changed() -> None:
    midnight = datetime(2027, 2, 28, tzinfo=UTC)
    # British clocks go forward on 28 March.
    assert rules(ROLLING, 29).end_of_grace(midnight) == datetime(2027, 3, 28, 23, tzinfo=UTC)
    assert rules(ROLLING, 28).end_of_grace(midnight) == datetime(2027, 3, 28, tzinfo=UTC)


def test_what_is_left_after_the_days_of_grace_is_known_while_they_last() -> None:
    ends = NOW + timedelta(days=20)
    once = Record([Deed(BEGINNING, Figures(20_000, 1))])
    grace = Standing(VIP, ends, ends)
    assert foresee(rules(LIFETIME), grace, once, NOW) == Fall(ends, REGULAR)
    assert foresee(Rules((VIP,), LIFETIME, 30, LONDON), grace, once, NOW) == Fall(ends, None)


@given(
    days=st.lists(st.integers(min_value=0, max_value=700), max_size=6),
    spends=st.lists(st.integers(min_value=0, max_value=60_000), min_size=6, max_size=6),
    window=st.sampled_from([ROLLING, CALENDAR]),
    grace=st.integers(min_value=0, max_value=90),
)
def test_the_clock_does_what_was_foreseen(
    days: list[int], spends: list[int], window: str, grace: int
) -> None:
    asked = rules(window, grace)
    record = Record(
        [
            Deed(NOW - timedelta(days=ago), Figures(spend, 1, 1_000))
            for ago, spend in zip(days, spends, strict=False)
        ]
    )

    def decide(step: Step | None, falls_at: datetime | None, at: datetime) -> Standing:
        bounds = asked.bounds(at)
        merited = asked.merited(
            record.between(bounds.since), record.between(bounds.before, bounds.since)
        )
        inside = [one for one in record.instants if one >= bounds.since]
        oldest = min(inside, default=None)
        return asked.decide(step, merited, falls_at=falls_at, oldest=oldest, now=at)

    standing = began = decide(None, None, NOW)
    fall = foresee(asked, standing, record, NOW)
    found = None
    while standing.due_at is not None and found is None:
        at = standing.due_at
        standing = decide(standing.step, standing.falls_at, at)
        found = Fall(at, standing.step) if standing.step != began.step else None
    assert found == fall


@given(day=st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 1, 1)))
def test_an_order_is_inside_until_the_instant_at_which_the_clock_looks(day: date) -> None:
    ordered = datetime.combine(day, time.min, LONDON).astimezone(UTC)
    due = rules().decide(VIP, VIP, falls_at=None, oldest=ordered, now=ordered).due_at
    assert due is not None
    assert rules().bounds(due - timedelta(seconds=1)).since <= ordered
    assert rules().bounds(due).since > ordered


def test_moves_have_names() -> None:
    assert [direction_of(*move, 1) for move in ((0, 1), (0, 2), (1, 3), (3, 2), (3, 0))] == [
        "joined",
        "up",
        "up",
        "down",
        "left",
    ]


@pytest.mark.parametrize(
    ("steps", "flaw"),
    [
        ((NEW, REGULAR, VIP), None),
        ((REGULAR,), None),
        ((NEW, Step(2, "new", 2, min_orders=1)), 1),
        ((NEW, Step(2, "Club", 2)), 1),
        ((REGULAR, Step(3, "Club", 3, min_orders=2)), 1),
    ],
)
def test_a_ladder_that_cannot_be_climbed_is_refused(
    steps: tuple[Step, ...], flaw: int | None
) -> None:
    found = find_flaw(steps)
    assert (found and found[0]) == flaw
