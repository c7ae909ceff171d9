"""When a wait ends, around clock changes and across weekdays."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.domain.delays import due_at, pick_zone, to_instant
from flows.domain.graph import Delay
from flows.domain.values import Duration

LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
EVERY_DAY: frozenset[int] = frozenset()
EARLIEST = datetime.fromisoformat("2000-01-01")
LATEST = datetime.fromisoformat("2040-01-01")


def wait(
    n: int, unit: str, until: time | None = None, weekdays: frozenset[int] = EVERY_DAY
) -> Delay:
    return Delay("d", Duration(n, unit), until, weekdays, "", "end")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "start", "ends"),
    [
        # A day over the spring change is 23 hours long, over the autumn change 25.
        (LONDON, "2026-03-28T10:00", "2026-03-29T09:00"),
        (LONDON, "2026-10-24T09:00", "2026-10-25T10:00"),
        (NEW_YORK, "2026-03-07T15:00", "2026-03-08T14:00"),
        (NEW_YORK, "2026-10-31T14:00", "2026-11-01T15:00"),
        # 01:30 does not exist in London on 29 March, 02:30 not in New York on 8 March.
        (LONDON, "2026-03-28T01:30", "2026-03-29T01:00"),
        (NEW_YORK, "2026-03-07T07:30", "2026-03-08T07:00"),
        # 01:30 comes twice; the first one counts.
        (LONDON, "2026-10-24T00:30", "2026-10-25T00:30"),
        (NEW_YORK, "2026-10-31T05:30", "2026-11-01T05:30"),
    ],
)
def test_a_day_keeps_the_local_time_of_day(zone: ZoneInfo, start: str, ends: str) -> None:
    assert due_at(wait(1, "days"), utc(start), zone) == utc(ends)


def test_hours_are_exact_over_a_clock_change() -> None:
    assert due_at(wait(24, "hours"), utc("2026-03-28T10:00"), LONDON) == utc("2026-03-29T10:00")


def test_weeks_are_seven_calendar_days() -> None:
    assert due_at(wait(1, "weeks"), utc("2026-03-25T10:00"), LONDON) == utc("2026-04-01T09:00")


def test_a_time_of_day_is_today_when_it_is_still_ahead_and_tomorrow_when_not() -> None:
    rule = wait(0, "days", until=time(9))
    assert due_at(rule, utc("2026-06-01T07:00"), LONDON) == utc("2026-06-01T08:00")
    assert due_at(rule, utc("2026-06-01T08:00"), LONDON) == utc("2026-06-01T08:00")
    assert due_at(rule, utc("2026-06-01T08:01"), LONDON) == utc("2026-06-02T08:00")


def test_a_time_of_day_that_the_clock_skips_is_the_next_valid_instant() -> None:
    rule = wait(1, "days", until=time(1, 30))
    assert due_at(rule, utc("2026-03-28T00:00"), LONDON) == utc("2026-03-29T01:00")


def test_weekdays_roll_forward_to_the_next_allowed_day() -> None:
    monday = frozenset({0})
    rule = wait(1, "days", until=time(10), weekdays=monday)
    assert due_at(rule, utc("2026-06-03T12:00"), LONDON) == utc("2026-06-08T09:00")
    assert due_at(wait(2, "hours", weekdays=monday), utc("2026-06-03T12:00"), LONDON) == utc(
        "2026-06-08T14:00"
    )


def test_the_zone_is_the_profiles_then_its_countrys_then_the_accounts() -> None:
    assert pick_zone(["America/New_York"], "GB", "Asia/Tokyo").key == "America/New_York"
    assert pick_zone(["Not/AZone"], "GB", "Asia/Tokyo").key == "Europe/London"
    assert pick_zone(["", "../etc"], "US", "Asia/Tokyo").key == "Asia/Tokyo"
    assert pick_zone([""], "", "Nowhere").key == "UTC"


@given(
    local=st.datetimes(EARLIEST, LATEST).map(lambda at: at.replace(microsecond=0)),
    zone=st.sampled_from([LONDON, NEW_YORK, ZoneInfo("Australia/Lord_Howe")]),
)
def test_an_instant_shows_the_local_time_or_the_first_one_after_it(
    local: datetime, zone: ZoneInfo
) -> None:
    shown = to_instant(local, zone).astimezone(zone).replace(tzinfo=None)
    assert shown == local or (shown > local and shown.minute in {0, 30} and shown.second == 0)


@given(
    start=st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC)),
    n=st.integers(0, 400),
    unit=st.sampled_from(["minutes", "hours", "days", "weeks"]),
)
def test_a_wait_never_ends_before_it_began(start: datetime, n: int, unit: str) -> None:
    clean = start.replace(microsecond=0)
    assert due_at(wait(n, unit), clean, NEW_YORK) >= clean or (unit in {"days", "weeks"} and n == 0)
