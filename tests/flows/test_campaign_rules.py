"""The rules of campaigns that need no database: plans, times, lots and winners."""
# ruff: noqa: DTZ001 times on the wall have no zone

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.domain.campaigns.cells import HELD_OUT, REST, draw_cell
from flows.domain.campaigns.hours import best_hour, measure_prior
from flows.domain.campaigns.plan import Plan, Throttle, Trial, parse_plan
from flows.domain.campaigns.times import TICK, allow, begins_at, is_over, local_due, next_tick
from flows.domain.campaigns.winner import Score, decide
from flows.domain.lift import Group, Lift, measure_lift
from flows.errors import PlanError

LONDON = ZoneInfo("Europe/London")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_an_empty_plan_sends_at_once_and_holds_five_per_cent_out() -> None:
    assert parse_plan({}, channel="email", variants=1) == Plan()
    assert Plan().holdout == 5


@pytest.mark.parametrize(("channel", "minutes"), [("email", 240), ("sms", 60)])
def test_a_test_is_waited_for_as_long_as_its_channel_takes(channel: str, minutes: int) -> None:
    plan = parse_plan({}, channel=channel, variants=2)
    assert plan.test == Trial(20, timedelta(minutes=minutes), "clicks")


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ([], "plan"),
        ({"surprise": 1}, "surprise"),
        ({"timing": "soon"}, "timing"),
        ({"timing": "at"}, "at"),
        ({"timing": "at", "at": "2026-06-02T09:00+02:00"}, "at"),
        ({"timing": "at", "at": "9999-12-31T23:59"}, "at"),
        ({"timing": "at", "at": "2026-06-02T09:00", "if_past": "never"}, "if_past"),
        ({"throttle": 5}, "throttle"),
        ({"throttle": {}}, "throttle"),
        ({"throttle": {"percent": 10, "per_hour": 10}}, "throttle"),
        ({"throttle": {"percent": 12}}, "throttle.percent"),
        ({"throttle": {"percent": True}}, "throttle.percent"),
        ({"throttle": {"per_hour": 0}}, "throttle.per_hour"),
        ({"holdout": -1}, "holdout"),
        ({"holdout": "5"}, "holdout"),
        ({"test": {"share": 0}}, "test.share"),
        ({"test": {"wait_minutes": 1}}, "test.wait_minutes"),
        ({"test": {"metric": "luck"}}, "test.metric"),
        ({"test": {"times": "09:00"}}, "test.times"),
        ({"test": {"times": ["09:00", "late"]}}, "test.times"),
        ({"test": {"times": ["09:00", "10:00+02:00"]}}, "test.times"),
        ({"test": {"times": ["09:00"]}}, "test.times"),
        ({"test": {"times": ["09:00", "18:00"]}, "throttle": {"percent": 10}}, "throttle"),
        ({"timing": "local", "at": "2026-06-02T09:00"}, "test"),
    ],
)
def test_every_fault_of_a_plan_is_named_at_its_place(raw: object, path: str) -> None:
    with pytest.raises(PlanError) as refused:
        parse_plan(raw, channel="email", variants=2)
    assert [problem.path for problem in refused.value.problems] == [path]


def test_times_of_their_own_know_no_throttle_and_nobody_opens_an_sms() -> None:
    personal = {"timing": "local", "at": "2026-06-02T09:00", "throttle": {"percent": 10}}
    with pytest.raises(PlanError, match="throttle"):
        parse_plan(personal, channel="email", variants=1)
    with pytest.raises(PlanError, match="Nobody knows who opens an SMS"):
        parse_plan({"test": {"metric": "opens"}}, channel="sms", variants=2)


def test_local_time_begins_with_the_first_morning_on_earth() -> None:
    plan = Plan(timing="local", at=datetime(2026, 6, 3, 9))
    assert begins_at(plan, LONDON, NOON) == datetime(2026, 6, 2, 18, tzinfo=UTC)
    assert begins_at(plan, LONDON, NOON + timedelta(days=2)) == NOON + timedelta(days=2)


@pytest.mark.parametrize(
    ("timing", "at", "over"),
    [
        ("now", None, False),
        ("at", datetime(2026, 6, 1, 12, 58), True),
        ("at", datetime(2026, 6, 1, 13, 0), False),
        ("local", datetime(2026, 6, 1, 0, 0), False),
        ("local", datetime(2026, 5, 31, 23, 59), True),
    ],
)
def test_a_time_is_over_once_no_clock_shows_it_any_more(
    timing: str, at: datetime | None, *, over: bool
) -> None:
    assert is_over(Plan(timing=timing, at=at), LONDON, NOON) is over


def test_a_clock_that_skips_the_time_shows_it_at_the_next_instant() -> None:
    skipped = datetime(2026, 3, 29, 1, 30)
    start = datetime(2026, 3, 28, tzinfo=UTC)
    due = local_due(skipped, LONDON, if_past="now", starts_at=start)
    assert due == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


@settings(max_examples=40, deadline=None)
@given(rate=st.integers(1, 100_000), minutes=st.integers(1, 300))
def test_a_throttle_never_lets_more_go_than_its_rate_and_always_gets_on(
    rate: int, minutes: int
) -> None:
    since, now, released = NOON - TICK, NOON, 0
    end = NOON + timedelta(minutes=minutes)
    while now <= end:
        count, since = allow(rate, since, now)
        released += count
        assert since <= now
        now = next_tick(rate, since, now)
    hours = (end - NOON + TICK) / timedelta(hours=1)
    assert rate * hours - rate / 30 - 2 <= released <= rate * hours + 2


@pytest.mark.parametrize(
    ("throttle", "audience", "rate"),
    [
        (Throttle(percent=10), 1_000, 100),
        (Throttle(percent=1), 5, 1),
        (Throttle(percent=33), 10, 4),
        (Throttle(per_hour=500), 10, 500),
    ],
)
def test_a_share_of_the_audience_is_a_number_an_hour(
    throttle: Throttle, audience: int, rate: int
) -> None:
    assert throttle.rate(audience) == rate


def test_lots_are_spread_as_the_plan_says_and_never_change() -> None:
    plan = Plan(holdout=10, test=Trial(20, timedelta(hours=4), "clicks"))
    cells = [draw_cell(plan, 2, 1, 7, person) for person in range(10_000)]
    assert cells == [draw_cell(plan, 2, 1, 7, person) for person in range(10_000)]
    shares = {cell: cells.count(cell) / 10_000 for cell in (HELD_OUT, REST, 1, 2)}
    assert shares[HELD_OUT] == pytest.approx(0.1, abs=0.01)
    assert shares[REST] == pytest.approx(0.72, abs=0.02)
    assert shares[1] == pytest.approx(0.09, abs=0.01)
    assert shares[2] == pytest.approx(0.09, abs=0.01)
    other = [draw_cell(plan, 2, 1, 8, person) for person in range(10_000)]
    assert other != cells


def test_a_clear_winner_is_sure_and_a_close_race_is_not() -> None:
    clear = decide([Score(1_000, 20), Score(1_000, 80)], is_revenue=False)
    assert (clear.place, clear.is_sure) == (1, True)
    close = decide([Score(100, 10), Score(100, 11)], is_revenue=False)
    assert (close.place, close.is_sure) == (1, False)
    assert sum(close.chances) == pytest.approx(1)
    assert "No template is the best for sure" in close.words


def test_without_any_measurement_the_first_one_goes_out() -> None:
    nothing = decide([Score(0, 0), Score(0, 0), Score(0, 0)], is_revenue=False)
    assert (nothing.place, nothing.is_sure) == (0, False)
    assert decide([Score(0, 0), Score(0, 0)], is_revenue=True).place == 0


def test_revenue_per_recipient_decides_and_not_the_number_of_buyers() -> None:
    few_large = Score(500, 50, total=50 * 10_000, squares=50 * 10_000**2)
    many_small = Score(500, 80, total=80 * 1_000, squares=80 * 1_000**2)
    decision = decide([many_small, few_large], is_revenue=True)
    assert (decision.place, decision.is_sure) == (1, True)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=5))
def test_more_hits_never_make_a_template_less_likely_to_win(pairs: list[tuple[int, int]]) -> None:
    tested = [Score(max(pair), min(pair)) for pair in pairs]
    better = [Score(tested[0].recipients + 400, tested[0].hits + 400), *tested[1:]]
    before = decide(tested, is_revenue=False).chances[0]
    assert decide(better, is_revenue=False).chances[0] >= before - 0.02


def test_the_hour_of_all_wins_until_somebody_has_shown_one_of_their_own() -> None:
    prior = measure_prior({19: 150, 8: 50})
    assert sum(prior) == pytest.approx(1)
    assert best_hour({}, prior) in {18, 19, 20}
    assert best_hour({7: 1}, prior) in {18, 19, 20}
    assert best_hour({7: 20}, prior) == 7


def test_while_little_is_known_of_anybody_it_is_the_usual_hour() -> None:
    assert measure_prior({9: 99}) == []
    assert best_hour({7: 50}, []) == 10


def test_what_a_campaign_adds_is_known_once_the_interval_leaves_nothing_behind() -> None:
    bought = Group(1_000, 200 * 5_000, 200 * 5_000**2)
    less = Group(1_000, 100 * 5_000, 100 * 5_000**2)
    found = measure_lift(bought, less)
    assert (found.revenue_minor, found.is_known, found.missing) == (500_000, True, 0)
    assert 0 < found.low < found.revenue_minor < found.high


def test_too_few_held_out_say_how_many_more_are_needed() -> None:
    few = measure_lift(Group(95, 19 * 5_000, 19 * 5_000**2), Group(5, 0, 0))
    assert (few.is_known, few.missing) == (False, 25)
    close = measure_lift(
        Group(1_000, 210 * 5_000, 210 * 5_000**2), Group(100, 20 * 5_000, 20 * 5_000**2)
    )
    assert not close.is_known
    assert close.missing is not None
    assert close.missing > 1_000
    assert measure_lift(Group(100, 0, 0), Group(100, 0, 0)).missing is None


def test_an_empty_group_tells_nothing_of_what_a_campaign_adds() -> None:
    bought, nobody = Group(1_000, 200 * 5_000, 200 * 5_000**2), Group(0, 0, 0)
    assert measure_lift(bought, nobody) == Lift(
        0, 0, 0, is_known=False, missing=30, treated=bought.people, held_out=0
    )
    assert measure_lift(nobody, bought) == Lift(
        0, 0, 0, is_known=False, missing=None, treated=0, held_out=bought.people
    )
