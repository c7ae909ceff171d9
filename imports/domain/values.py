"""Values out of cells: times, words of consent, countries. Nothing is guessed. Pure."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from crm.choices import ConsentState
from crm.domain.checking import MAX_MINOR
from imports.types import Options, Refused
from kernel.money import MoneyError, to_minor

_WITH_SLASHES = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(.*)")
_BEFORE_ZONE = re.compile(r"\s+(?=(?:[+-]\d{2}:?\d{2}|Z|UTC)$)")
_SUBSCRIBED = frozenset({"yes", "true", "1", "y", "on", "subscribed", "opted in", "opt in"})
_NOTHING_SAID = frozenset(
    {"no", "false", "0", "n", "off", "never", "never subscribed", "not subscribed", "unknown"}
)
_AGAINST = frozenset(
    {
        "unsubscribed",
        "unsubscribe",
        "opted out",
        "opt out",
        "withdrawn",
        "cleaned",
        "suppressed",
        "user suppressed",
        "bounced",
        "hard bounce",
        "spam complaint",
        "invalid email",
    }
)


def read_time(text: str, label: str, options: Options) -> datetime | None:
    """Return a time in UTC; None for an empty cell.

    Args:
        text: ISO 8601, also with a blank before the offset, or with slashes as the options say.
        label: of the column, for the reason.
        options: zone of times without one, and the order of days and months.

    Raises:
        Refused: it is no date, or one that could mean two days.
    """
    if not text:
        return None
    try:
        at = datetime.fromisoformat(_as_iso(text, options.date_order))
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(options.timezone))).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise Refused(f"{label} “{text[:60]}” is not a date; write 2026-05-31 14:05.") from exc


def read_state(text: str, label: str) -> str:
    """Return a `ConsentState` word; empty where nothing is said, which “no” is too.

    Raises:
        Refused: the word is not known.
    """
    word = " ".join(text.lower().replace("_", " ").replace("-", " ").split())
    if not word or word in _NOTHING_SAID:
        return ""
    if word in _SUBSCRIBED:
        return str(ConsentState.SUBSCRIBED)
    if word in _AGAINST:
        return str(ConsentState.UNSUBSCRIBED)
    if word in {"pending", "unconfirmed"}:
        return str(ConsentState.PENDING)
    raise Refused(
        f"{label} “{text[:60]}” is not a word of consent; write subscribed, unsubscribed or "
        "pending."
    )


def without_quote(text: str) -> str:
    """Undo what exports do to keep numbers as text: '0123 is 0123."""
    return text.removeprefix("'").strip()


def _as_iso(text: str, order: str) -> str:
    found = _WITH_SLASHES.fullmatch(text)
    if found and order != "iso":
        first, second, year, rest = found.groups()
        day, month = (first, second) if order == "dmy" else (second, first)
        return f"{year}-{int(month):02}-{int(day):02}{rest}"
    return _BEFORE_ZONE.sub("", text).replace("UTC", "+00:00")


def read_money(text: str, label: str, currency: str) -> int:
    """Return an amount in minor units of ``currency``.

    Raises:
        Refused: it is not a plain decimal number, or too large.
    """
    try:
        minor = to_minor(text, currency)
    except MoneyError as exc:
        raise Refused(f"{label} “{text[:40]}” is not an amount; write 12.50.") from exc
    if abs(minor) > MAX_MINOR:
        raise Refused(f"{label} “{text[:40]}” is too large.")
    return minor
