"""How figures and times are written for people: £1,240.50, 12,480, 3.2%, 2 hours ago.

One locale speaks for the whole product; the tenant's zone and currency are always handed in.
"""

import functools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.core import get_global
from babel.dates import format_date as babel_date
from babel.dates import format_datetime
from babel.numbers import (
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
    get_currency_symbol,
)

from kernel.calendar import to_local

LOCALE = "en_GB"
_SPOKEN = Locale.parse(LOCALE)
"""The same, read once."""
MONEY_LOCALE = "en"
"""Writes $ and ¥ where en_GB would write US$ and JP¥ beside every figure of such a shop."""
NOTHING = "–"

_STEPS = (
    (timedelta(hours=1), timedelta(minutes=1), "minute"),
    (timedelta(days=1), timedelta(hours=1), "hour"),
    (timedelta(days=30), timedelta(days=1), "day"),
)


def format_money(minor: int | None, currency: str) -> str:
    """Write an amount with its currency.

    Args:
        minor: whole minor units of ``currency``; None writes a dash.
        currency: ISO 4217 code.

    Returns:
        Such as ``£1,240.50`` or ``-€3.00``; an unknown currency keeps its code and two digits.
    """
    if minor is None:
        return NOTHING
    major = Decimal(minor).scaleb(-get_currency_precision(currency))
    symbol = get_currency_symbol(currency, locale=MONEY_LOCALE)
    pattern = "¤\xa0#,##0.00" if symbol[-1:].isalpha() else None
    return str(format_currency(major, currency, pattern, locale=MONEY_LOCALE))


def format_number(value: Decimal | float | None, digits: int = 0) -> str:
    """Write a figure with thousands marks.

    Args:
        value: the figure; None writes a dash.
        digits: the most places shown behind the point, 0 to 6.
    """
    if value is None:
        return NOTHING
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return str(format_decimal(value, pattern, locale=LOCALE))


def format_rate(rate: Decimal | float | None, digits: int = 1) -> str:
    """Write a share as a percentage.

    Args:
        rate: 0 to 1 (beyond is allowed); None writes a dash.
        digits: the most places shown behind the point, 0 to 6.
    """
    if rate is None:
        return NOTHING
    pattern = "#,##0" + ("." + "#" * digits if digits else "") + "%"
    return str(format_percent(rate, pattern, locale=LOCALE))


def format_day(day: date) -> str:
    """Write a date, such as ``4 May 2026``."""
    return str(babel_date(day, "d MMM y", locale=_SPOKEN))


def format_time(at: datetime, zone: str, pattern: str = "d MMM y, HH:mm") -> str:
    """Write an instant in a zone.

    Args:
        at: aware.
        zone: IANA name; an unknown one falls back to UTC.
        pattern: of the Unicode locale data.
    """
    at = at.astimezone(UTC).replace(microsecond=0)
    return _write_time(at if "s" in pattern else at.replace(second=0), zone, pattern)


@functools.lru_cache(maxsize=4096)
def _write_time(at: datetime, zone: str, pattern: str) -> str:
    # The zone of what is beyond its calendar is UTC: no page ends at a row of the year 9999.
    local = to_local(at, find_zone(zone))
    return str(format_datetime(local, pattern, tzinfo=local.tzinfo, locale=_SPOKEN))


def format_ago(at: datetime, now: datetime, zone: str) -> str:
    """Write how long ago (or ahead) an instant is; beyond 30 days its date.

    Args:
        at: aware.
        now: aware; the present.
        zone: IANA name in which a date is written.

    Returns:
        Such as ``just now``, ``2 hours ago``, ``in 3 days`` or ``4 May 2026``.
    """
    distance = abs(now - at)
    if distance < timedelta(minutes=1):
        return "just now"
    for limit, unit, word in _STEPS:
        if distance < limit:
            count = distance // unit
            words = f"{count} {word}{'' if count == 1 else 's'}"
            return f"{words} ago" if at <= now else f"in {words}"
    return format_time(at, zone, "d MMM y")


def find_zone(zone: str) -> ZoneInfo:
    """Return an IANA zone by name; UTC for one that does not exist."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def format_country(code: str) -> str:
    """Write a country's name; a code that is none stays as it is."""
    return str(Locale.parse(LOCALE).territories.get(code.upper(), code))


def zone_of_country(code: str) -> str:
    """Return the IANA zone of a country that has only one; empty for others."""
    zones = get_global("territory_zones").get(code.upper(), ())
    return str(zones[0]) if len(zones) == 1 else ""
