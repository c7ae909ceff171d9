"""Claims: what one record says about who somebody is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from crm.choices import Channel, IdentityKind
from crm.domain.identifiers import (
    normalize_customer_id,
    normalize_email,
    normalize_phone,
    normalize_visitor_id,
)
from crm.domain.resolution import Key, Person
from crm.models import Order
from crm.services.addresses import address_hash
from crm.services.batch import Batch
from crm.types import (
    AddressData,
    CartRecord,
    ConsentRecord,
    CustomerRecord,
    EventRecord,
    OrderRecord,
    RefundRecord,
    TrackedRecord,
)
from crm.types.care import CareRecord
from kernel.arrays import array
from kernel.sql import run_sql

_CUSTOMER_ID = str(IdentityKind.CUSTOMER_ID)
_EMAIL, _PHONE = str(IdentityKind.EMAIL), str(IdentityKind.PHONE)
_DEVICE, _ANONYMOUS = str(IdentityKind.DEVICE), str(IdentityKind.ANONYMOUS)
_HASHED_AS = {
    _EMAIL: str(Channel.EMAIL),
    _PHONE: str(Channel.SMS),
    _CUSTOMER_ID: _CUSTOMER_ID,
}


@dataclass(slots=True, eq=False)
class Claim:
    """Who somebody is, as one record tells it.

    Attributes:
        index: place of the record in the batch.
        keys: usable identifiers, a customer id first; none means nobody.
        email, phone: as shown; empty when malformed.
        said: names, address and so on; of an order without customer only its address.
        is_customer: the record names a customer of the store, whose word replaces older words.
        first_at: when they are first known by this record.
        weak: identifiers of the browser or device.
        hints: of others who may be the same person.
        is_typed: nobody has verified the address and the number.
        has_traits: of a site or app: it says more than who somebody is.
        is_blocked: one of the identifiers belongs to somebody who was erased.
        is_new, is_changed: set by `crm.services.people`: what became of the profile.
    """

    index: int
    keys: list[Key]
    email: str
    phone: str
    said: CustomerRecord
    is_customer: bool
    first_at: datetime
    weak: list[Key] = field(default_factory=list)
    hints: list[Key] = field(default_factory=list)
    is_typed: bool = False
    has_traits: bool = False
    is_blocked: bool = False
    person: Person | None = None
    profile_id: int | None = None
    is_new: bool = False
    is_changed: bool = False

    @property
    def is_known(self) -> bool:
        """Whether anything but a browser or device says who they are."""
        return self.person is not None and self.person.final().is_known


def claim_of_customer(batch: Batch, index: int, said: CustomerRecord) -> Claim:
    """Return the claim of a customer record."""
    return _build(batch, index, said, ("", ""), said.created_at or batch.now)


def claim_of_order(batch: Batch, index: int, order: OrderRecord) -> Claim | None:
    """Return the claim of an order; None for an order without customer, e-mail and phone."""
    said = order.customer
    if said is None:
        if not (order.email or order.phone):
            return None
        said = _guest(order.version_at, order.country, order.city)
    first_at = min(order.ordered_at, said.created_at or order.ordered_at)
    return _build(batch, index, said, (order.email, order.phone), first_at)


def claim_of_address(batch: Batch, index: int, email: str, order: Order) -> Claim:
    """Return the claim of an order of nobody, as of a guest with this address."""
    said = _guest(order.source_version_at, order.country, order.city)
    return _build(batch, index, said, (email, ""), order.ordered_at)


def claim_of_refund(batch: Batch, index: int, refund: RefundRecord) -> Claim | None:
    """Return the claim of a refund whose customer is named."""
    if refund.customer is None:
        return None
    return _build(batch, index, refund.customer, ("", ""), refund.refunded_at)


def claim_of_care(batch: Batch, index: int, record: CareRecord) -> Claim | None:
    """Return the claim of a return, review or ticket that names somebody.

    What a tool says of them fills what is empty, and never replaces a store's word.
    """
    if record.customer is None:
        return None
    claim = _build(batch, index, record.customer, ("", ""), min(record.version_at, batch.now))
    claim.is_customer = False
    return claim


def claim_of_event(batch: Batch, index: int, event: EventRecord) -> Claim:
    """Return the claim of a behavioural event."""
    return _build(batch, index, event.customer, ("", ""), event.occurred_at)


def claim_of_tracked(batch: Batch, index: int, tracked: TrackedRecord) -> Claim:
    """Return the claim of a call of a site or app."""
    who = replace(tracked.who, external_id=normalize_visitor_id(tracked.who.external_id))
    claim = _build(batch, index, who, ("", ""), tracked.occurred_at)
    claim.is_typed, claim.is_customer = True, False
    claim.has_traits = tracked.has_traits
    ids = dict.fromkeys(filter(None, map(normalize_visitor_id, tracked.anonymous_ids)))
    claim.weak = [(_ANONYMOUS, value) for value in ids]
    if not ids and (device := normalize_visitor_id(tracked.device_id)):
        claim.weak = [(_DEVICE, device)]
    if who.external_id:
        others = [value for value in ids if value != who.external_id]
        claim.hints = [(_CUSTOMER_ID, f"{batch.store_id}:{value}") for value in others]
    return claim


def claim_of_cart(batch: Batch, index: int, cart: CartRecord) -> Claim:
    """Return the claim of a cart; the address at a checkout was typed and is not verified.

    A cart lies in one browser and says no more about who it is than the browser itself.
    """
    said = cart.customer or _guest(cart.version_at, "", "")
    claim = _build(batch, index, said, (cart.email, cart.phone), cart.started_at)
    claim.is_typed = not claim.is_customer
    if cart.cart_id and (name := normalize_visitor_id(f"cart:{batch.store_id}:{cart.cart_id}")):
        claim.weak = [(_ANONYMOUS, name)]
    return claim


def claim_of_consent(batch: Batch, index: int, consent: ConsentRecord) -> Claim:
    """Return the claim of a statement of consent; it says nothing but who."""
    said = CustomerRecord(
        external_id=consent.external_id,
        version_at=consent.occurred_at or batch.now,
        email=consent.email,
        phone=consent.phone,
    )
    claim = _build(batch, index, said, ("", ""), consent.occurred_at or batch.now)
    claim.is_customer = False
    return claim


def block_erased(claims: Sequence[Claim]) -> None:
    """Empty the claims of people who were erased, so that nothing of them comes back."""
    if not run_sql("crm.find_any_erased"):
        return
    hashes = {key: key_hash(key) for claim in claims for key in claim.keys}
    rows = run_sql("crm.find_erased", hashes=array(hashes.values()))
    erased = {row.address_hash for row in rows}
    if not erased:
        return
    for claim in claims:
        if any(hashes[key] in erased for key in claim.keys):
            claim.is_blocked = True
            claim.keys, claim.weak, claim.hints = [], [], []


def identifier_keys(
    batch: Batch, external_id: str, email: str, phone: str, country: str = ""
) -> list[Key]:
    """Return the usable ones of a store's customer id, an address and a number, in this order.

    Args:
        batch: names the store, and the country of numbers where ``country`` is empty.
        external_id: as the store writes it.
        email: as typed.
        phone: as typed.
        country: ISO 3166-1 alpha-2 of where the number was typed.
    """
    keys: list[Key] = []
    if customer_id := normalize_customer_id(external_id):
        keys.append((_CUSTOMER_ID, f"{batch.store_id}:{customer_id}"))
    if email_norm := normalize_email(email):
        keys.append((_EMAIL, email_norm))
    if phone and (number := normalize_phone(phone, country or batch.country)):
        keys.append((_PHONE, number))
    return keys


def key_hash(key: Key) -> str:
    """Return the digest under which an erased identifier stays known."""
    return address_hash(_HASHED_AS.get(key[0], key[0]), key[1])


def distinct_keys(claims: Iterable[Claim]) -> list[Key]:
    """Return the identifiers of some claims, each once, in order."""
    return sorted({key for claim in claims for key in (*claim.keys, *claim.hints)})


def _guest(version_at: datetime, country: str, city: str) -> CustomerRecord:
    address = AddressData(country=country, city=city)
    return CustomerRecord(external_id="", version_at=version_at, address=address)


def _build(
    batch: Batch,
    index: int,
    said: CustomerRecord,
    elsewhere: tuple[str, str],
    first_at: datetime,
) -> Claim:
    """Build a claim; ``elsewhere`` holds e-mail and phone of the record beside the customer.

    An address that an order names beside its customer's own is one more of theirs.
    """
    email = (said.email or elsewhere[0]).strip()
    phone = said.phone or elsewhere[1]
    keys = identifier_keys(batch, said.external_id, email, phone, said.address.country)
    kinds = dict(keys)
    email_norm, number = kinds.get(_EMAIL, ""), kinds.get(_PHONE, "")
    keys += [key for key in identifier_keys(batch, "", elsewhere[0], "") if key not in keys]
    return Claim(
        index=index,
        keys=keys,
        email=email if email_norm else "",
        phone=number,
        said=_keep_unusable(said, "" if email_norm else email, "" if number else phone),
        is_customer=_CUSTOMER_ID in kinds,
        first_at=first_at,
    )


def _keep_unusable(said: CustomerRecord, email: str, phone: str) -> CustomerRecord:
    """Keep for display what cannot be an identifier."""
    if not email and not phone:
        return said
    kept = dict(said.properties)
    if email:
        kept["unusable_email"] = email
    if phone:
        kept["unusable_phone"] = phone
    return replace(said, properties=kept)
