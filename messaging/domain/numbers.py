"""What a phone number in E.164 tells of itself. Pure."""

import functools

import phonenumbers


@functools.lru_cache(maxsize=16_384)
def country_of(number: str) -> str:
    """Return the country of a number as ISO 3166-1 alpha-2; empty where it has none."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        return ""


@functools.lru_cache(maxsize=16_384)
def code_country_of(number: str) -> str:
    """Return the main country of a number's calling code: GB also for one of Guernsey."""
    try:
        code = phonenumbers.parse(number).country_code or 0
    except phonenumbers.NumberParseException:
        return ""
    found = phonenumbers.region_code_for_country_code(code)
    return str(found) if found.isalpha() and found != "ZZ" else ""


@functools.lru_cache(maxsize=16_384)
def is_landline(number: str) -> bool:
    """Say whether a number is certainly of a fixed line, which takes no SMS.

    Where the plan of a country does not tell, as in North America, it is not.
    """
    try:
        found = phonenumbers.number_type(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False
    return bool(found == phonenumbers.PhoneNumberType.FIXED_LINE)
