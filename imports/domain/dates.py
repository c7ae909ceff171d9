"""Dates and times as exports write them. Nothing is guessed. Pure.

Shopify writes ``2026-05-31 14:05:00 +0100``, WooCommerce ``2026-05-31 14:05`` or the form of its
settings (``May 31, 2026 2:05 pm``), Mailchimp ``2026-05-31 14:05:00`` or ``5/31/26 2:05PM``,
Klaviyo ISO 8601, or seconds since 1970 in exports of events.
"""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, start=1)}
_BEFORE_ZONE = re.compile(r"\s+(?=(?:[+-]\d{2}:?\d{2}|Z|UTC|GMT)$)")
_SINCE_1970 = re.compile(r"\d{10}(?:\.\d+)?|\d{13}")
_WITH_SIGNS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)(.*)")
_WORDS_FIRST = re.compile(
    r"(?:[a-z]{3,9}\.?,?\s+)?([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(.*)"
)
_DAY_FIRST = re.compile(
    r"(?:[a-z]{3,9}\.?,?\s+)?(\d{1,2})(?:st|nd|rd|th)?[\s-]+([a-z]{3,9})\.?,?[\s-]+(\d{4})(.*)"
)
_CLOCK = re.compile(
    r"(?:,|\s|t|at)*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(am|pm|a\.m\.|p\.m\.)?\s*(.*)"
)
_NOON = 12


def parse_time(text: str, date_order: str, timezone: str) -> datetime:
    """Return a time in UTC.

    Args:
        text: not empty.
        date_order: ``iso``, ``dmy`` or ``mdy``: what 03/04/2026 means; ``iso`` refuses it.
        timezone: IANA zone of times that name none.

    Raises:
        ValueError, OverflowError: it is no date, or one that could mean two days.
    """
    if _SINCE_1970.fullmatch(text):
        seconds = float(text) / (1 if "." in text or len(text) == len("1767225600") else 1_000)
        return datetime.fromtimestamp(seconds, UTC)
    at = datetime.fromisoformat(_as_iso(text, date_order))
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)


def _as_iso(text: str, order: str) -> str:
    """Return a text as ISO 8601; one that has no form known here is returned as it is."""
    lower = text.lower()
    if found := _WITH_SIGNS.fullmatch(lower):
        first, _, second, year, rest = found.groups()
        if order == "iso":
            raise ValueError("days and months could be either")
        day, month = (first, second) if order == "dmy" else (second, first)
        return _join(_century(year), int(month), int(day), rest)
    if found := _WORDS_FIRST.fullmatch(lower):
        name, day, year, rest = found.groups()
        return _join(year, _month(name), int(day), rest)
    if found := _DAY_FIRST.fullmatch(lower):
        day, name, year, rest = found.groups()
        return _join(year, _month(name), int(day), rest)
    if lower[-1:] == "m" and (found := re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})(.*)", lower)):
        year, month, day, rest = found.groups()
        return _join(year, int(month), int(day), rest)
    return _zone(_BEFORE_ZONE.sub("", text))


def _join(year: str, month: int, day: int, rest: str) -> str:
    return f"{year}-{month:02}-{day:02}{_clock(rest)}"


def _clock(rest: str) -> str:
    if not rest.strip():
        return ""
    found = _CLOCK.fullmatch(rest)
    if found is None:
        raise ValueError(f"{rest!r} is no time of day")
    hour, minute, second, half, zone = found.groups()
    if half:
        if not 1 <= int(hour) <= _NOON:
            raise ValueError(f"{hour} {half} is no time of day")
        hour = str(int(hour) % _NOON + (_NOON if half.startswith("p") else 0))
    return f"T{int(hour):02}:{minute}:{second or '00'}{_zone(zone.upper())}"


def _zone(text: str) -> str:
    for word in ("UTC", "GMT"):
        if text.endswith(word):
            return f"{text.removesuffix(word)}+00:00"
    return text


def _month(name: str) -> int:
    if name[:3] not in _MONTHS:
        raise ValueError(f"{name} is no month")
    return _MONTHS[name[:3]]


def _century(year: str) -> str:
    return year if len(year) == len("2026") else f"20{year}"
