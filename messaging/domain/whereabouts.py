"""In which zone and country somebody is, as far as what is known of them tells."""

import functools
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone as zones_of_numbers

from kernel.formats import zone_of_country


@functools.lru_cache(maxsize=1024)
def read_zone(name: str) -> ZoneInfo | None:
    """Return an IANA zone by name; None for a name that is none."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def find_zone_of(timezone: str, country: str, phone: str, fallback: str) -> tuple[str, tzinfo]:
    """Return name and zone in which somebody is most likely.

    Args:
        timezone: what their profile says; only an IANA name counts.
        country: ISO 3166-1 alpha-2; tells the zone of a country that has only one.
        phone: E.164; tells it where its prefix belongs to one zone.
        fallback: IANA name, of the merchant.
    """
    for name in (timezone, zone_of_country(country) if country else "", zone_of_phone(phone)):
        zone = read_zone(name)
        if zone is not None:
            return name, zone
    return (fallback, zone) if (zone := read_zone(fallback)) else ("UTC", ZoneInfo("UTC"))


@functools.lru_cache(maxsize=16_384)
def zone_of_phone(phone: str) -> str:
    """Return the IANA zone of a number in E.164; empty where its prefix has none or several."""
    number = _parse(phone)
    found = zones_of_numbers.time_zones_for_number(number) if number else ()
    return found[0] if len(found) == 1 and read_zone(found[0]) else ""


@functools.lru_cache(maxsize=16_384)
def country_of_phone(phone: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of a number in E.164; empty for one of no country."""
    number = _parse(phone)
    code = phonenumbers.region_code_for_number(number) if number else None
    return code if code and code.isalpha() else ""


def _parse(phone: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(phone) if phone else None
    except phonenumbers.NumberParseException:
        return None
