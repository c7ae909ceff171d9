"""What all objects of Magento share: times in UTC without a zone, attributes in lists."""

from datetime import UTC, datetime
from typing import Final

from crm.types import AddressData
from stores.platforms.fields import Json, child, children, instant, text

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Version of a customer whom an order names: it may create and never overwrites."""


def moment(payload: Json, name: str) -> datetime | None:
    """Return a time; Magento keeps UTC and writes no zone.

    Raises:
        Untranslatable: it is no time.
    """
    return instant(payload, name, zone=UTC)


def attributes(payload: Json) -> dict[str, str]:
    """Return the custom attributes of an object that are plain values, by code."""
    return {
        code: value
        for item in children(payload, "custom_attributes")
        if (code := text(item, "attribute_code")) and (value := text(item, "value"))
    }


def read_address(payload: Json) -> AddressData:
    """Read an address of an order, or of a customer, whose region is an object."""
    region = payload.get("region")
    inside = child(payload, "region")
    return AddressData(
        country=text(payload, "country_id").upper()[:2],
        region=text(inside, "region") if inside else text({"region": region}, "region"),
        city=text(payload, "city"),
        postcode=text(payload, "postcode"),
    )
