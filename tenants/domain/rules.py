"""Rules that the description of a merchant keeps, with what people read when one is broken."""

from zoneinfo import ZoneInfo, available_timezones

from kernel import money


def currency_problem(currency: str) -> str:
    """Return what is wrong with a currency code; empty when nothing is."""
    known = money.is_currency(currency)
    return "" if known else f"{currency!r} is not an ISO 4217 currency such as GBP."


def zone_problem(zone: str) -> str:
    """Return what is wrong with the name of a time zone; empty when nothing is."""
    if zone not in available_timezones():
        return f"{zone!r} is not an IANA time zone such as Europe/London."
    ZoneInfo(zone)
    return ""
