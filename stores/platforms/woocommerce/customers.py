"""Customers: accounts by themselves, and who an order names."""

from crm.types import AddressData, CustomerRecord
from stores.platforms.fields import Json, child, identifier, text
from stores.platforms.woocommerce.reading import LONG_AGO, moment, public_meta
from stores.types import Delivery, StoreContext, Translation

GUEST = "0"


def translate_customer(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read customer.created and updated."""
    return Translation([read_customer(payload, delivery, store)])


def read_customer(payload: Json, delivery: Delivery, store: StoreContext) -> CustomerRecord:
    """Read a customer object; consent is nothing that WooCommerce itself knows of."""
    billing, shipping = child(payload, "billing"), child(payload, "shipping")
    return CustomerRecord(
        external_id=identifier(payload),
        version_at=moment(payload, "date_modified", store) or delivery.arrived_at,
        email=text(payload, "email") or text(billing, "email"),
        phone=text(billing, "phone") or text(shipping, "phone"),
        first_name=text(payload, "first_name") or text(billing, "first_name"),
        last_name=text(payload, "last_name") or text(billing, "last_name"),
        address=_home(billing, shipping),
        created_at=moment(payload, "date_created", store),
        properties=public_meta(payload),
    )


def read_buyer(payload: Json) -> CustomerRecord | None:
    """Read who placed an order; None where it names nobody.

    An order words its addresses once and for all: it makes a customer known, and what the account
    itself says stays.
    """
    billing, shipping = child(payload, "billing"), child(payload, "shipping")
    external_id = text(payload, "customer_id")
    buyer = CustomerRecord(
        external_id="" if external_id == GUEST else external_id,
        version_at=LONG_AGO,
        email=text(billing, "email"),
        phone=text(billing, "phone") or text(shipping, "phone"),
        first_name=text(billing, "first_name") or text(shipping, "first_name"),
        last_name=text(billing, "last_name") or text(shipping, "last_name"),
        address=_home(billing, shipping),
    )
    return buyer if buyer.external_id or buyer.email or buyer.phone else None


def _home(billing: Json, shipping: Json) -> AddressData:
    home = read_address(billing)
    if home.country or home.city or home.postcode:
        return home
    return read_address(shipping)


def read_address(payload: Json) -> AddressData:
    """Read an address; what is unknown stays empty."""
    return AddressData(
        country=text(payload, "country").upper()[:2],
        region=text(payload, "state"),
        city=text(payload, "city"),
        postcode=text(payload, "postcode"),
    )
