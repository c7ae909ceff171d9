"""Money: integers in minor units inside, decimal strings at the edges."""

import functools
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from babel.core import get_global


class MoneyError(ValueError):
    """Text that is not an amount, or a currency that does not exist."""


@functools.cache
def exponent(currency: str) -> int:
    """Return the number of minor digits of an ISO 4217 code (GBP 2, JPY 0, KWD 3).

    Raises:
        MoneyError: the code is not known.
    """
    code = currency.upper()
    if not is_currency(code):
        raise MoneyError(f"unknown currency {currency!r}")
    fractions = get_global("currency_fractions")
    return int(fractions.get(code, fractions["DEFAULT"])[0])


@functools.cache
def is_currency(currency: str) -> bool:
    """Say whether an upper-case code is a currency of ISO 4217."""
    return currency in get_global("all_currencies") and len(currency) == 3  # noqa: PLR2004


def to_minor(amount: str | Decimal | int, currency: str) -> int:
    """Convert a decimal amount to minor units, half a unit away from zero.

    Raises:
        MoneyError: the text is not a plain decimal number ("12,50" is refused, not guessed).
    """
    try:
        value = Decimal(str(amount).strip())
    except InvalidOperation as exc:
        raise MoneyError(f"{amount!r} is not an amount; write 12.50") from exc
    if not value.is_finite():
        raise MoneyError(f"{amount!r} is not an amount")
    return int(value.scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def to_decimal(minor: int, currency: str) -> Decimal:
    """Convert minor units to an exact decimal with the currency's own digits."""
    return Decimal(minor).scaleb(-exponent(currency))


def to_text(minor: int | None, currency: str) -> str | None:
    """Return the decimal string of the API, such as ``"12.50"``; None stays None."""
    return None if minor is None else f"{to_decimal(minor, currency):f}"


def average(total_minor: int, count: int) -> int | None:
    """Return total ÷ count in minor units, half a unit away from zero; None for a count of 0."""
    if not count:
        return None
    return int((Decimal(total_minor) / count).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def convert(minor: int, *, source: str, target: str, rate: Decimal) -> int:
    """Convert minor units of one currency to another's; ``rate`` is target per one source."""
    return to_minor(to_decimal(minor, source) * rate, target)
