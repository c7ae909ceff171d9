"""Customers of V3, who an order names, and people who signed up for the newsletter."""

from typing import Final

from crm.types import AddressData, ConsentRecord, CustomerRecord
from stores.platforms.bigcommerce.reading import LONG_AGO, moment, read_address, reference
from stores.platforms.fields import Json, child, children, identifier, text
from stores.types import Delivery, StoreContext, Translation

METHOD: Final = "bigcommerce"
NEWSLETTER: Final = "marketing_newsletter"
OWN: Final = "patron_"
"""How names of attributes begin that Patron writes; they are not read back."""
MAX_PROPERTIES: Final = 50
MAX_VALUE: Final = 500


def translate_customer(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read a customer with addresses, attributes and form fields.

    BigCommerce has a switch for mails about reviews and abandoned carts; that is no consent to
    marketing. Consent comes with subscribers.
    """
    addresses = children(payload, "addresses")
    first = addresses[0] if addresses else {}
    return Translation(
        [
            CustomerRecord(
                external_id=identifier(payload),
                version_at=moment(payload, "date_modified") or delivery.arrived_at,
                email=text(payload, "email"),
                phone=text(payload, "phone") or text(first, "phone"),
                first_name=text(payload, "first_name"),
                last_name=text(payload, "last_name"),
                address=_home(addresses),
                created_at=moment(payload, "date_created"),
                properties=_properties(payload),
            )
        ]
    )


def translate_subscriber(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read a subscriber: an empty list of consents means that somebody left."""
    email = text(payload, "email")
    if not email:
        return Translation(ignored="The subscriber has no address")
    consents = payload.get("consents")
    is_subscribed = NEWSLETTER in consents if isinstance(consents, list) else True
    return Translation(
        [
            CustomerRecord(
                external_id="",
                version_at=LONG_AGO,
                email=email,
                first_name=text(payload, "first_name"),
                last_name=text(payload, "last_name"),
            ),
            ConsentRecord(
                channel="email",
                state="subscribed" if is_subscribed else "unsubscribed",
                email=email,
                occurred_at=moment(payload, "date_modified") or moment(payload, "date_created"),
                method=METHOD,
                detail=text(payload, "source"),
            ),
        ]
    )


def read_buyer(order: Json, places: list[Json]) -> CustomerRecord | None:
    """Read who placed an order; None where it names nobody.

    Args:
        order: of V2.
        places: where it is sent to.
    """
    billing = child(order, "billing_address")
    place = places[0] if places else {}
    buyer = CustomerRecord(
        external_id=reference(order, "customer_id"),
        version_at=LONG_AGO,
        email=text(billing, "email"),
        phone=text(billing, "phone") or text(place, "phone"),
        first_name=text(billing, "first_name"),
        last_name=text(billing, "last_name"),
        locale=text(order, "customer_locale"),
        address=_home([billing, *places]),
    )
    return buyer if buyer.external_id or buyer.email or buyer.phone else None


def _home(addresses: list[Json]) -> AddressData:
    """Return the first address that says where somebody lives."""
    for found in map(read_address, addresses):
        if found.country or found.city or found.postcode:
            return found
    return AddressData()


def _properties(payload: Json) -> dict[str, str]:
    """Return attributes and form fields by their names; a list becomes text with commas."""
    found: dict[str, str] = {}
    for item in children(payload, "attributes"):
        name = text(item, "name")
        if name and not name.startswith(OWN):
            found[name] = text(item, "attribute_value")
    for item in children(payload, "form_fields"):
        value = item.get("value")
        parts = value if isinstance(value, list) else [text(item, "value")]
        if name := text(item, "name"):
            found[name] = ", ".join(str(part) for part in parts)
    kept = {name: value[:MAX_VALUE] for name, value in found.items() if value}
    return dict(list(kept.items())[:MAX_PROPERTIES])
