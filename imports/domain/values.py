"""Values out of cells: times, words of consent, countries. Nothing is guessed. Pure."""

import re
from datetime import datetime

from crm.choices import ConsentState
from crm.domain.checking import MAX_MINOR
from imports.domain.dates import parse_time
from imports.types import Options, Refused
from kernel.money import MoneyError, to_minor

_AMOUNT = re.compile(r"[^\d.,+-]*([+-]?)[^\d.,+-]*(\d(?:[\d.,'’]|\s(?=\d{3}(?!\d)))*)[^\d.,+-]*")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_THOUSANDS_OF_COMMA = re.compile(r"[+-]?\d{1,3}(?:[.'’]\d{3})*(?:,\d+)?|[+-]?\d+(?:,\d+)?")
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
        return parse_time(text, options.date_order, options.timezone)
    except (ValueError, OverflowError) as exc:
        raise Refused(f"{label} “{text[:60]}” is not a date; write 2026-05-31 14:05.") from exc


def read_state(text: str, label: str) -> str:
    """Return a `ConsentState` word; empty where nothing is said, which “no” is too.

    Raises:
        Refused: the word is not known.
    """
    word = normal_word(text)
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


def normal_word(text: str) -> str:
    """Return a word in lower case with blanks between its parts: USER_SUPPRESSED is two."""
    return " ".join(text.lower().replace("_", " ").replace("-", " ").split())


def without_quote(text: str) -> str:
    """Undo what exports do to keep numbers as text: '0123 is 0123."""
    return text.removeprefix("'").strip()


def plain_number(text: str, options: Options) -> str:
    """Return a number as 1234.50, whatever signs stand around it; one that is none as it is.

    Args:
        text: such as ``£1,234.50``, or ``1.234,50 €`` where the options say decimal comma.
        options: say which of point and comma parts the fraction.
    """
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return text
    bare = re.sub(r"\s", "", found[1] + found[2])
    if options.decimal == "comma":
        if _THOUSANDS_OF_COMMA.fullmatch(bare):
            return re.sub(r"[.'’]", "", bare).replace(",", ".")
    elif _THOUSANDS.fullmatch(bare):
        return bare.replace(",", "")
    return bare


def read_money(text: str, label: str, currency: str, options: Options) -> int:
    """Return an amount in minor units of ``currency``.

    Raises:
        Refused: it is not a plain decimal number, or too large.
    """
    try:
        minor = to_minor(plain_number(text, options), currency)
    except MoneyError as exc:
        example = "12,50" if options.decimal == "comma" else "12.50"
        raise Refused(f"{label} “{text[:40]}” is not an amount; write {example}.") from exc
    if abs(minor) > MAX_MINOR:
        raise Refused(f"{label} “{text[:40]}” is too large.")
    return minor
