"""Identifiers in the one form in which they are compared."""

import functools
import re

import phonenumbers

MAX_EMAIL = 254
MAX_ID = 200
_EMAIL = re.compile(r"[^@\s<>\"(),:;\[\]\\]+@[^@\s<>\"(),:;\[\]\\.]+(?:\.[^@\s<>\"(),:;\[\]\\.]+)+")
_JUNK = frozenset({"", "null", "anonymous", "undefined", "none", "-1", "[object object]", "nan"})
_NOBODY = frozenset(
    {
        *("unknown", "guest", "nil", "true", "false", "id", "uuid", "user", "userid", "user_id"),
        *("your_user_id", "user-id", "anonymousid", "anonymous_id", "anonymous-id", "distinct_id"),
        *("email", "test", "example", "default", "string", "not_authenticated", "logged_out"),
        *("0xdeadbeef", "9774d56d682e549c"),
    }
)
"""What sites and apps send where somebody forgot to fill in an id; the last one is the id that
every emulator of an old Android has."""
_PLAIN_E164 = re.compile(r"\+(?:1[2-9]\d{9}|44[1-9]\d{9}|33[1-9]\d{8}|61[2-478]\d{8})")
"""Numbers that are in E.164 already, without a trunk prefix that the full parser would drop."""

_BLANK_NUMBER = re.compile(r"[0-]*")


def normalize_customer_id(value: str) -> str:
    """Return a store's customer id without blanks around it; empty for junk such as ``null``."""
    text = value.strip()
    if text.lower() in _JUNK or _BLANK_NUMBER.fullmatch(text) or len(text) > MAX_ID:
        return ""
    return text


def normalize_visitor_id(value: str) -> str:
    """Return an id that a site or app gives somebody; empty for one that anybody may have."""
    text = normalize_customer_id(value)
    return "" if text.lower() in _NOBODY else text


def normalize_email(value: str) -> str:
    """Return an address without blanks around it in lower case; empty for a malformed one."""
    text = value.strip().lower()
    if not text or len(text) > MAX_EMAIL or not _EMAIL.fullmatch(text):
        return ""
    return text


@functools.lru_cache(maxsize=16_384)
def normalize_phone(value: str, country: str) -> str:
    """Return a number in E.164; empty for one that cannot be a number.

    Args:
        value: as somebody typed it.
        country: ISO 3166-1 alpha-2 of numbers without a country code; may be empty.
    """
    if _PLAIN_E164.fullmatch(value):
        return value
    if not any(map(str.isdigit, value)):
        return ""
    try:
        number = phonenumbers.parse(value, country or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalize_name(first_name: str, last_name: str) -> str:
    """Return "first last" in lower case, for search."""
    return f"{first_name} {last_name}".strip().lower()


def order_number_forms(text: str) -> list[str]:
    """Return the ways in which a store may write the order number that somebody typed."""
    bare = text.lstrip("#")
    return [text, bare, f"#{bare}", text.upper()]
