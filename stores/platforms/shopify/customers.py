"""Customers and their consent."""

from datetime import UTC, datetime
from typing import Final

from crm.types import AddressData, ConsentRecord, CustomerRecord, PlaceData, Record
from stores.platforms.fields import Json, child, children, identifier, instant, text, words
from stores.types import Delivery, StoreContext, Translation

STATES: Final = {
    "subscribed": "subscribed",
    "pending": "pending",
    "unsubscribed": "unsubscribed",
    "not_subscribed": "never",
    "redacted": "withdrawn",
}
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Version of a customer known by a consent webhook alone: it may create and never overwrites."""
METHOD: Final = "shopify"
OWN_NAMESPACE: Final = "patron"
"""Metafields that Patron writes are not read back."""
MAX_METAFIELDS: Final = 50
MAX_VALUE: Final = 500


def translate_customer(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read customers/create, update, enable and disable."""
    customer = read_customer(payload, delivery.arrived_at)
    records: list[Record] = [customer, *read_sms_consent(payload, customer.external_id)]
    return Translation(records)


def translate_email_consent(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read customers_email_marketing_consent/update."""
    consent = child(payload, "email_marketing_consent")
    external_id, email = identifier(payload, "customer_id"), text(payload, "email_address")
    state = STATES.get(text(consent, "state"), "")
    if not state:
        return Translation(ignored="The delivery says nothing about the consent")
    return Translation(
        [
            CustomerRecord(external_id=external_id, version_at=LONG_AGO, email=email),
            ConsentRecord(
                channel="email",
                state=state,
                external_id=external_id,
                email=email,
                occurred_at=instant(consent, "consent_updated_at"),
                method=METHOD,
                detail=text(consent, "opt_in_level"),
            ),
        ]
    )


def translate_sms_consent(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read customers_marketing_consent/update, which is about SMS."""
    external_id = identifier(payload)
    consents = read_sms_consent(payload, external_id)
    if not consents:
        return Translation(ignored="The delivery says nothing about the consent")
    phone = text(payload, "phone")
    known = CustomerRecord(external_id=external_id, version_at=LONG_AGO, phone=phone)
    return Translation([known, *consents])


def read_customer(payload: Json, version_at: datetime) -> CustomerRecord:
    """Read a customer object.

    Args:
        payload: as in customers/update, or inside an order.
        version_at: used where the object has no ``updated_at`` of its own.
    """
    state, consent_at = _email_consent(payload)
    return CustomerRecord(
        external_id=identifier(payload),
        version_at=instant(payload, "updated_at") or version_at,
        email=text(payload, "email"),
        phone=text(payload, "phone"),
        first_name=text(payload, "first_name"),
        last_name=text(payload, "last_name"),
        locale=text(payload, "locale"),
        address=read_address(child(payload, "default_address")),
        tags=words(payload, "tags"),
        created_at=instant(payload, "created_at"),
        email_consent=state,
        consent_at=consent_at,
        properties=_read_metafields(payload),
        places=read_places(child(payload, "default_address")),
    )


def read_address(payload: Json) -> AddressData:
    """Read an address; what is unknown stays empty."""
    return AddressData(
        country=text(payload, "country_code").upper()[:2],
        region=text(payload, "province_code") or text(payload, "province"),
        city=text(payload, "city"),
        postcode=text(payload, "zip"),
    )


def read_places(*addresses: Json) -> tuple[PlaceData, ...]:
    """Return where addresses lie, each once; none where the shop does not say."""
    found = [place for address in addresses if (place := _read_place(address)) is not None]
    return tuple(dict.fromkeys(found))


def _read_place(address: Json) -> PlaceData | None:
    country, postcode = text(address, "country_code").upper()[:2], text(address, "zip")
    try:
        latitude, longitude = (float(text(address, key)) for key in ("latitude", "longitude"))
    except ValueError:
        return None
    return PlaceData(country, postcode, latitude, longitude) if country and postcode else None


def read_sms_consent(payload: Json, external_id: str) -> list[ConsentRecord]:
    """Read the SMS consent of a customer; none when nothing is said."""
    consent = child(payload, "sms_marketing_consent")
    state = STATES.get(text(consent, "state"), "")
    if not state:
        return []
    return [
        ConsentRecord(
            channel="sms",
            state=state,
            external_id=external_id,
            phone=text(payload, "phone"),
            occurred_at=instant(consent, "consent_updated_at"),
            method=METHOD,
            detail=text(consent, "opt_in_level"),
        )
    ]


def _read_metafields(payload: Json) -> dict[str, str]:
    named = {
        f"{text(each, 'namespace')}.{text(each, 'key')}": text(each, "value")[:MAX_VALUE]
        for each in children(payload, "metafields")[:MAX_METAFIELDS]
        if text(each, "namespace") != OWN_NAMESPACE
    }
    return {name: value for name, value in named.items() if value}


def _email_consent(payload: Json) -> tuple[str, datetime | None]:
    consent = child(payload, "email_marketing_consent")
    if state := STATES.get(text(consent, "state"), ""):
        return state, instant(consent, "consent_updated_at")
    accepts = payload.get("accepts_marketing")
    changed_at = instant(payload, "accepts_marketing_updated_at")
    if accepts is True:
        return "subscribed", changed_at
    if accepts is False:
        return ("unsubscribed" if changed_at else "never"), changed_at
    return "", None
