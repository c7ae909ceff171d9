"""What all objects of BigCommerce share: times in two spellings, amounts, ids that may be 0."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from crm.types import AddressData
from stores.errors import Untranslatable
from stores.platforms.fields import Json, instant, text

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Version of a customer whom an order or a cart names: it may create and never overwrites."""
NOBODY: Final = "0"
_SHOWN: Final = 60


def moment(payload: Json, name: str) -> datetime | None:
    """Return a time: RFC 2822 of orders, ISO 8601 of the rest; both in UTC where they say nothing.

    Raises:
        Untranslatable: it is no time.
    """
    found = text(payload, name)
    if not found:
        return None
    if not found[0].isalpha():
        return instant(payload, name, zone=UTC)
    try:
        at = parsedate_to_datetime(found)
    except ValueError as exc:
        raise Untranslatable(f"{name}: {found[:_SHOWN]!r} is not a time") from exc
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def reference(payload: Json, name: str) -> str:
    """Return an id that is 0 where there is nothing."""
    found = text(payload, name)
    return "" if found == NOBODY else found


def read_address(payload: Json) -> AddressData:
    """Read an address of an order (``country_iso2``, ``zip``) or of V3 (``country_code``)."""
    country = text(payload, "country_iso2") or text(payload, "country_code")
    return AddressData(
        country=country.upper()[:2],
        region=text(payload, "state")
        or text(payload, "state_or_province_code")
        or text(payload, "state_or_province"),
        city=text(payload, "city"),
        postcode=text(payload, "zip") or text(payload, "postal_code"),
    )
