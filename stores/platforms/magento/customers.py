"""Customers, and who an order names.

Whether somebody reads the newsletter is not read: Magento tells no time, and does not tell who left
from who never came.
"""

from collections.abc import Mapping
from typing import Final

from crm.types import AddressData, CustomerRecord
from stores.platforms.fields import Json, children, identifier, text
from stores.platforms.magento.reading import LONG_AGO, attributes, moment, read_address
from stores.types import Delivery, StoreContext, Translation

MAX_PROPERTIES: Final = 50
MAX_VALUE: Final = 500


def translate_customer(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read a customer."""
    addresses = children(payload, "addresses")
    home = next((each for each in addresses if each.get("default_billing") is True), None)
    home = home or (addresses[0] if addresses else {})
    return Translation(
        [
            CustomerRecord(
                external_id=identifier(payload),
                version_at=moment(payload, "updated_at") or delivery.arrived_at,
                email=text(payload, "email"),
                phone=text(home, "telephone"),
                first_name=text(payload, "firstname"),
                last_name=text(payload, "lastname"),
                address=read_address(home),
                created_at=moment(payload, "created_at"),
                properties=_properties(payload),
            )
        ]
    )


def read_buyer(order: Json, billing: Json, shipping: Json) -> CustomerRecord | None:
    """Read who placed an order; None where it names nobody. A guest has an address alone."""
    is_guest = text(order, "customer_is_guest") == "1" or order.get("customer_is_guest") is True
    customer_id = text(order, "customer_id")
    buyer = CustomerRecord(
        external_id="" if is_guest or customer_id == "0" else customer_id,
        version_at=LONG_AGO,
        email=text(order, "customer_email") or text(billing, "email"),
        phone=text(billing, "telephone") or text(shipping, "telephone"),
        first_name=text(order, "customer_firstname") or text(billing, "firstname"),
        last_name=text(order, "customer_lastname") or text(billing, "lastname"),
        address=_home(billing, shipping),
    )
    return buyer if buyer.external_id or buyer.email or buyer.phone else None


def _home(billing: Json, shipping: Json) -> AddressData:
    home = read_address(billing)
    return home if home.country or home.city or home.postcode else read_address(shipping)


def _properties(payload: Json) -> Mapping[str, str]:
    """Return what a module or the merchant added, and the code of the website."""
    found = {code: value[:MAX_VALUE] for code, value in attributes(payload).items()}
    if website := text(payload, "website_code"):
        found["website"] = website
    return dict(list(found.items())[:MAX_PROPERTIES])
