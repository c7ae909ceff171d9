"""Who somebody is, as every source tells it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class AddressData:
    """Where somebody lives; ``country`` is ISO 3166-1 alpha-2."""

    country: str = ""
    region: str = ""
    city: str = ""
    postcode: str = ""


@dataclass(frozen=True, slots=True)
class PlaceData:
    """Where an address lies, in degrees; ``country`` is ISO 3166-1 alpha-2."""

    country: str
    postcode: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A customer of a store, or the guest part of an order.

    Attributes:
        external_id: the store's id; empty for a guest.
        email_consent, sms_consent, whatsapp_consent, push_consent: a `ConsentState` word, or empty
            when nothing is said.
        consent_at: when the consent was given; None when the store gives no time.
        created_at: when the store first knew them.
        places: where their addresses lie, as far as the store says.
    """

    external_id: str
    version_at: datetime
    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    locale: str = ""
    timezone: str = ""
    address: AddressData = field(default_factory=AddressData)
    tags: Sequence[str] = ()
    created_at: datetime | None = None
    email_consent: str = ""
    sms_consent: str = ""
    whatsapp_consent: str = ""
    push_consent: str = ""
    consent_at: datetime | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    places: Sequence[PlaceData] = ()
