"""What one SMS part or one WhatsApp message costs, by the country of who gets it. Pure."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from crm.choices import Channel

PAID: Final = frozenset({Channel.SMS.value, Channel.WHATSAPP.value})
"""Channels on which each message has a price."""
ANYWHERE: Final = ""
"""Country under which the price of all others stands."""
MOST: Final = 300
"""Prices of one account."""
DEAREST: Final = Decimal(1000)
_SPLIT: Final = re.compile(r"[;,\n]+")
_PLACES: Final = 6


def parse_prices(text: str) -> dict[str, str]:
    """Read prices as somebody types them: ``0.075``, or ``GB=0.04`` for a country.

    Args:
        text: one price on each line, or with commas between.

    Returns:
        Decimal texts by country; the one for all others under an empty word.

    Raises:
        ValueError: with words for people.
    """
    found: dict[str, str] = {}
    for part in filter(None, (each.strip() for each in _SPLIT.split(text))):
        left, sign, right = part.partition("=")
        country = left.strip().upper() if sign else ANYWHERE
        if sign and not re.fullmatch(r"[A-Z]{2}", country):
            raise ValueError(f"{left.strip()} is no country; write two letters, such as GB=0.04.")
        if country in found:
            raise ValueError(f"There are two prices for {country or 'all other countries'}.")
        found[country] = _amount(right if sign else left)
    if len(found) > MOST:
        raise ValueError(f"Up to {MOST} prices.")
    return found


def spell_prices(prices: Mapping[str, str]) -> str:
    """Return prices as somebody would type them, the one for all others first."""
    return "\n".join(
        f"{country}={amount}" if country else amount for country, amount in sorted(prices.items())
    )


def price_of(prices: Mapping[str, str], *countries: str) -> Decimal | None:
    """Return what one costs in the first country that has a price, else in all others.

    Returns:
        None where nobody entered a price for it.
    """
    places = (*(country.upper() for country in countries), ANYWHERE)
    said = next((prices[place] for place in places if place in prices), None)
    return Decimal(said) if said is not None else None


def _amount(text: str) -> str:
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"{text.strip()!r} is not a price; write 0.075.") from None
    if not amount.is_finite() or not 0 <= amount <= DEAREST:
        raise ValueError(f"{text.strip()} is not a price.")
    if -int(amount.as_tuple().exponent) > _PLACES:
        raise ValueError(f"{text.strip()} has more than {_PLACES} places.")
    return f"{amount:f}"
