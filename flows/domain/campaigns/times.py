"""When the recipients of a campaign are due, and how many a throttle lets go."""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from flows.domain.campaigns.plan import AT, LOCAL, NEXT_DAY, Plan
from flows.domain.delays import to_instant

EASTERNMOST: Final = timedelta(hours=14)
"""No clock on earth is further ahead of UTC."""
LEAD: Final = timedelta(hours=1)
"""So long before the first recipient is due the audience is taken: building it takes a while."""
MOST_LATE: Final = timedelta(hours=24)
"""A campaign that cannot begin for longer than this after its time is not sent at all."""
TICK: Final = timedelta(minutes=1)
"""How often a throttle lets some go."""
MOST_TICKS: Final = 2
"""After a pause or an outage no more than so many ticks are made up for at once."""
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)


def begins_at(plan: Plan, zone: ZoneInfo, now: datetime) -> datetime:
    """Return when the audience is taken.

    Args:
        plan: of the campaign.
        zone: of the tenant.
        now: aware; the earliest answer.
    """
    if plan.at is None:
        return now
    if plan.timing == AT:
        return max(now, to_instant(plan.at, zone))
    wall = plan.at if plan.timing == LOCAL else plan.at.replace(hour=0, minute=0)
    return max(now, wall.replace(tzinfo=UTC) - EASTERNMOST - LEAD)


def is_over(plan: Plan, zone: ZoneInfo, now: datetime) -> bool:
    """Say whether the time of a plan has passed, for personal ones everywhere on earth."""
    if plan.at is None:
        return False
    if plan.timing == AT:
        return to_instant(plan.at, zone) < now - TICK
    wall = plan.at if plan.timing == LOCAL else plan.at.replace(hour=23, minute=0)
    return to_instant(wall, ZoneInfo("Etc/GMT+12")) < now


def local_due(wall: datetime, zone: ZoneInfo, *, if_past: str, starts_at: datetime) -> datetime:
    """Return when somebody is due whose clock shows the time on the wall.

    Args:
        wall: naive.
        zone: where the person lives.
        if_past: where that time has passed already: at once, or at that time the next day.
        starts_at: aware; when the campaign began.
    """
    due = to_instant(wall, zone)
    if due >= starts_at:
        return due
    if if_past != NEXT_DAY:
        return starts_at
    while due < starts_at:
        wall += _DAY
        due = to_instant(wall, zone)
    return due


def test_dues(plan: Plan, zone: ZoneInfo, starts_at: datetime) -> list[datetime]:
    """Return when each template is due of a test of times; empty where none are tested.

    Args:
        plan: of the campaign.
        zone: of the tenant.
        starts_at: aware; when the campaign begins.
    """
    times = plan.test.times if plan.test is not None else ()
    return [next_at(wall, zone, starts_at) for wall in times]


def next_at(wall: time, zone: ZoneInfo, after: datetime) -> datetime:
    """Return when the clock of a zone shows a time next, at an aware moment or after it."""
    day = after.astimezone(zone).date()
    naive = datetime.combine(day, wall)
    return local_due(naive, zone, if_past=NEXT_DAY, starts_at=after)


def allow(rate: int, since: datetime, now: datetime) -> tuple[int, datetime]:
    """Return how many a throttle lets go now, and until when its share is used up.

    Args:
        rate: recipients an hour.
        since: aware; until when its share was used up before.
        now: aware.
    """
    turn = _HOUR / rate
    since = max(since, now - max(MOST_TICKS * TICK, turn))
    count = rate * (now - since + timedelta.resolution) // _HOUR
    return count, min(now, since + count * _HOUR / rate)


def next_tick(rate: int, since: datetime, now: datetime) -> datetime:
    """Return when a throttle lets the next ones go: in a tick, or later where one takes longer."""
    return max(now + TICK, since + _HOUR / rate)
