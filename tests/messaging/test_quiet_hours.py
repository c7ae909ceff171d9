"""Nobody is disturbed at night: by which clock, until when, and what waits or does not."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.domain.holidays import find_easter, list_holidays
from messaging.domain.limits import QuietSettings
from messaging.domain.quiet_hours import QuietRule, QuietTimes, find_quiet_end, jitter, spread
from messaging.domain.whereabouts import country_of_phone, find_zone_of

LONDON = ZoneInfo("Europe/London")
PARIS = ZoneInfo("Europe/Paris")
NIGHT = QuietTimes(QuietRule(time(21), time(8)))
FRANCE = QuietSettings().times_for("FR")
ZONES = ("UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
         "America/Santiago", "Pacific/Apia", "Africa/Cairo")  # fmt: skip

OLD = datetime(2011, 12, 1, tzinfo=UTC)
clock_times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
rules = st.builds(
    QuietRule,
    start=clock_times,
    end=clock_times,
    weekdays=st.frozensets(st.integers(0, 6), max_size=3),
    has_holidays=st.booleans(),
)


def moments(first: datetime, last: datetime) -> st.SearchStrategy[datetime]:
    seconds = st.integers(int(first.timestamp()), int(last.timestamp()))
    return seconds.map(lambda second: datetime.fromtimestamp(second, UTC))


@settings(max_examples=150, deadline=None)
@given(
    at=moments(OLD, datetime(2030, 12, 31, tzinfo=UTC)),
    zone=st.sampled_from(ZONES),
    rule=rules,
    key=st.text(max_size=8),
)
def test_a_release_is_never_in_quiet_hours_and_never_earlier_than_asked(
    at: datetime, zone: str, rule: QuietRule, key: str
) -> None:
    times, place = QuietTimes(rule, "FR"), ZoneInfo(zone)
    end = find_quiet_end(at, place, times)
    if end is None:
        assert not times.are_on(at.astimezone(place))
        return
    assert times.are_on(at.astimezone(place))
    release = spread(end, place, times, key)
    assert at < end <= release <= end + timedelta(minutes=15)
    assert not times.are_on(end.astimezone(place))
    assert not times.are_on(release.astimezone(place))


@settings(max_examples=25, deadline=None)
@given(
    at=moments(datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC)),
    rule=rules.filter(lambda rule: not rule.weekdays),
)
def test_no_free_minute_before_a_release_is_passed_over(at: datetime, rule: QuietRule) -> None:
    at = at.replace(second=0, microsecond=0)
    times = QuietTimes(rule)
    end = find_quiet_end(at, LONDON, times)
    minute = at
    while times.are_on(minute.astimezone(LONDON)):
        minute += timedelta(minutes=1)
    assert (end or at) == minute


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-06-01T20:59", None),
        ("2026-06-01T21:00", "2026-06-02T08:00"),
        ("2026-06-02T00:00", "2026-06-02T08:00"),
        ("2026-06-02T07:59", "2026-06-02T08:00"),
        ("2026-06-02T08:00", None),
    ],
)
def test_it_is_quiet_from_nine_in_the_evening_to_eight(local: str, expected: str | None) -> None:
    end = find_quiet_end(datetime.fromisoformat(local).replace(tzinfo=LONDON), LONDON, NIGHT)
    assert (end and end.astimezone(LONDON).isoformat()[:16]) == expected


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-06-05T21:59", None),
        ("2026-06-05T22:00", "2026-06-06T08:00"),
        ("2026-06-06T22:00", "2026-06-08T08:00"),  # a Saturday: Sunday is quiet throughout
        ("2026-06-07T12:00", "2026-06-08T08:00"),
        ("2026-07-14T12:00", "2026-07-15T08:00"),
        ("2026-04-04T23:00", "2026-04-07T08:00"),  # Easter Sunday and Monday follow
        ("2026-05-14T10:00", "2026-05-15T08:00"),  # Ascension
    ],
)
def test_in_france_evenings_are_longer_and_sundays_and_holidays_quiet(
    local: str, expected: str | None
) -> None:
    end = find_quiet_end(datetime.fromisoformat(local).replace(tzinfo=PARIS), PARIS, FRANCE)
    assert (end and end.astimezone(PARIS).isoformat()[:16]) == expected


@pytest.mark.parametrize(
    ("start", "end", "at", "expected"),
    [
        # 29 March 2026: 01:00 GMT is 02:00 BST; 01:30 is on no clock.
        (time(0, 30), time(1, 30), "2026-03-29T00:45+00:00", "2026-03-29T01:00+00:00"),
        (time(21), time(8), "2026-03-28T23:00+00:00", "2026-03-29T07:00+00:00"),
        # 25 October 2026: 02:00 BST is 01:00 GMT; 01:30 comes twice.
        (time(0, 30), time(1, 30), "2026-10-24T23:45+00:00", "2026-10-25T00:30+00:00"),
        (time(0, 30), time(1, 30), "2026-10-25T01:10+00:00", "2026-10-25T01:30+00:00"),
        (time(21), time(8), "2026-10-24T22:00+00:00", "2026-10-25T08:00+00:00"),
    ],
)
def test_clocks_that_are_put_forward_or_back_end_the_night_when_they_show_it(
    start: time, end: time, at: str, expected: str
) -> None:
    found = find_quiet_end(datetime.fromisoformat(at), LONDON, QuietTimes(QuietRule(start, end)))
    assert found == datetime.fromisoformat(expected)


def test_a_day_that_a_zone_left_out_is_passed_over() -> None:
    apia = ZoneInfo("Pacific/Apia")
    night = datetime(2011, 12, 29, 23, tzinfo=apia)
    end = find_quiet_end(night, apia, NIGHT)
    assert end is not None
    assert end.astimezone(apia) == datetime(2011, 12, 31, 8, tzinfo=apia)


def test_where_every_day_is_quiet_it_is_asked_again_after_sixty_days() -> None:
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    never = QuietTimes(QuietRule(time(0), time(0), frozenset(range(7))))
    assert find_quiet_end(at, LONDON, never) == at + timedelta(days=60)


def test_the_jitter_is_of_the_message_and_stays_below_a_quarter_of_an_hour() -> None:
    found = {jitter(f"flow:{number}:n1:1") for number in range(500)}
    assert min(found) >= timedelta(0)
    assert max(found) <= timedelta(minutes=15)
    assert len(found) > 300
    assert jitter("flow:1:n1:1") == jitter("flow:1:n1:1")


@pytest.mark.parametrize(
    ("timezone", "country", "phone", "expected"),
    [
        ("Asia/Tokyo", "FR", "+33612345678", "Asia/Tokyo"),
        ("Middle/Nowhere", "FR", "", "Europe/Paris"),
        ("../../etc/passwd", "", "+33612345678", "Europe/Paris"),
        ("GMT+25", "US", "+12125550123", "America/New_York"),
        ("", "US", "", "Europe/London"),
        ("", "", "not a number", "Europe/London"),
        ("", "", "", "Europe/London"),
    ],
)
def test_the_zone_is_the_persons_else_of_country_or_number_else_the_merchants(
    timezone: str, country: str, phone: str, expected: str
) -> None:
    name, zone = find_zone_of(timezone, country, phone, "Europe/London")
    assert (name, str(zone)) == (expected, expected)


def test_a_number_tells_its_country() -> None:
    assert country_of_phone("+33612345678") == "FR"
    assert country_of_phone("+80012345678") == ""
    assert country_of_phone("") == ""


def test_easter_is_as_the_calendars_say() -> None:
    assert [find_easter(year) for year in (1961, 2000, 2026, 2038)] == [
        date(1961, 4, 2), date(2000, 4, 23), date(2026, 4, 5), date(2038, 4, 25),
    ]  # fmt: skip
    assert date(2026, 5, 25) in list_holidays("FR", 2026)  # Whit Monday
    assert list_holidays("ZZ", 2026) == frozenset()
