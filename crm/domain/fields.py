"""What a profile says of a shopper, and how new words change it. Pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from crm.domain.identifiers import normalize_name
from crm.domain.permission import counts_from, holds_over
from crm.types import CustomerRecord

TEXT_FIELDS = (
    "email",
    "phone",
    "first_name",
    "last_name",
    "locale",
    "timezone",
    "country",
    "region",
    "city",
    "postcode",
)
PLACE_FIELDS = frozenset({"region", "city", "postcode"})


@dataclass(slots=True)
class ProfileFields:
    """The columns of a profile that shoppers, stores and merges change."""

    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    locale: str = ""
    timezone: str = ""
    country: str = ""
    region: str = ""
    city: str = ""
    postcode: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    email_consent: str = "never"
    email_consent_at: datetime | None = None
    sms_consent: str = "never"
    sms_consent_at: datetime | None = None
    whatsapp_consent: str = "never"
    whatsapp_consent_at: datetime | None = None
    push_consent: str = "never"
    push_consent_at: datetime | None = None
    source_version_at: datetime | None = None
    traits_at: datetime | None = None
    is_anonymous: bool = False
    created_at: datetime | None = None

    def as_row(self) -> tuple[Any, ...]:
        """Return the values in the order of `COLUMNS`."""
        return (
            self.email,
            self.email.lower(),
            self.phone,
            self.first_name,
            self.last_name,
            normalize_name(self.first_name, self.last_name),
            self.locale,
            self.timezone,
            self.country,
            self.region,
            self.city,
            self.postcode,
            self.properties,
            self.email_consent,
            self.email_consent_at,
            self.sms_consent,
            self.sms_consent_at,
            self.whatsapp_consent,
            self.whatsapp_consent_at,
            self.push_consent,
            self.push_consent_at,
            self.source_version_at,
            self.traits_at,
            self.is_anonymous,
            self.created_at,
        )

    def copy(self) -> "ProfileFields":
        """Return an equal one that changes apart."""
        return replace(self, properties=dict(self.properties))


COLUMNS = (
    "email email_norm phone first_name last_name name_norm locale timezone country region city "
    "postcode properties email_consent email_consent_at sms_consent sms_consent_at "
    "whatsapp_consent whatsapp_consent_at push_consent push_consent_at "
    "source_version_at traits_at is_anonymous created_at"
)


def learn_from_customer(known: ProfileFields, said: CustomerRecord) -> bool:
    """Take over what a store says of its customer; an empty value takes nothing away.

    Returns:
        Whether the record was new enough; an older version changes nothing.
    """
    if known.source_version_at is not None and said.version_at < known.source_version_at:
        return False
    known.source_version_at = said.version_at
    known.first_name = said.first_name or known.first_name
    known.last_name = said.last_name or known.last_name
    known.locale = said.locale or known.locale
    known.timezone = said.timezone or known.timezone
    address = said.address
    if address.country or address.city or address.postcode:
        known.country = address.country or known.country
        known.region = address.region
        known.city = address.city
        known.postcode = address.postcode
    if said.tags:
        known.properties["tags"] = list(said.tags)
    if said.properties:
        known.properties.update(said.properties)
    return True


def learn_from_guest(known: ProfileFields, said: CustomerRecord) -> None:
    """Fill what is still empty from the guest part of an order."""
    known.first_name = known.first_name or said.first_name
    known.last_name = known.last_name or said.last_name
    known.locale = known.locale or said.locale
    known.timezone = known.timezone or said.timezone
    address = said.address
    if not (known.country or known.city or known.postcode):
        known.country = address.country
        known.region = address.region
        known.city = address.city
        known.postcode = address.postcode
    for name, value in said.properties.items():
        known.properties.setdefault(name, value)


def learn_from_traits(known: ProfileFields, said: CustomerRecord) -> bool:
    """Take over what a site or app says of somebody; what a store says of its customer holds.

    Args:
        known: changed in place.
        said: its version is when it was said; an older one only fills what is empty.

    Returns:
        Whether it replaces what is known.
    """
    if known.traits_at is not None and said.version_at < known.traits_at:
        learn_from_guest(known, said)
        return False
    known.traits_at = said.version_at
    if known.source_version_at is not None:
        learn_from_guest(known, said)
        known.properties.update(said.properties)
        return False
    spoken = known.source_version_at
    learn_from_customer(known, said)
    known.source_version_at = spoken
    return True


def learn_consent(
    known: ProfileFields, channel: str, state: str, said_at: datetime | None, now: datetime
) -> bool:
    """Let a statement of consent change the projection.

    Args:
        known: changed in place.
        channel: one of `permission.CHANNELS`.
        state: a word of `ConsentState`.
        said_at: when it was said; None when the source gives no time.
        now: when it is recorded.

    Returns:
        Whether the statement says anything that was not known, even if it does not hold.
    """
    old = (getattr(known, f"{channel}_consent"), getattr(known, f"{channel}_consent_at"))
    new = (state, counts_from(state, said_at, now))
    if new == old or (said_at is None and state in (old[0], "never")):
        return False
    if holds_over(new, old):
        setattr(known, f"{channel}_consent", new[0])
        setattr(known, f"{channel}_consent_at", new[1])
    return True


def fill_from_merged(winner: ProfileFields, loser: ProfileFields) -> None:
    """Let a merge fill what the winner lacks; the winner's own values stay, lists are united.

    Parts of an address are not mixed across countries.
    """
    is_abroad = bool(winner.country and loser.country and winner.country != loser.country)
    for name in TEXT_FIELDS:
        if not getattr(winner, name) and not (is_abroad and name in PLACE_FIELDS):
            setattr(winner, name, getattr(loser, name))
    for name, value in loser.properties.items():
        winner.properties[name] = unite_values(winner.properties.get(name), value)
    winner.is_anonymous = winner.is_anonymous and loser.is_anonymous
    spoken = [at for at in (winner.traits_at, loser.traits_at) if at is not None]
    winner.traits_at = max(spoken, default=None)
    times = [at for at in (winner.created_at, loser.created_at) if at is not None]
    winner.created_at = min(times, default=None)


def unite_values(kept: Any, gone: Any) -> Any:
    """Return a property after a merge: the winner's, both lists as one, the loser's if none."""
    if isinstance(kept, list) and isinstance(gone, list):
        return [*kept, *(each for each in gone if each not in kept)]
    return gone if kept in (None, "") else kept


def take_back_merged(winner: ProfileFields, before: ProfileFields, loser: ProfileFields) -> None:
    """Take away what the winner of a merge got by it and what has not changed since.

    Args:
        winner: as it is now; changed in place.
        before: as it was before the merge.
        loser: likewise.
    """
    for name in TEXT_FIELDS:
        if not getattr(before, name) and getattr(winner, name) == getattr(loser, name):
            setattr(winner, name, "")
    for name, value in loser.properties.items():
        own = before.properties.get(name)
        if winner.properties.get(name) != unite_values(own, value):
            continue
        if own is None:
            del winner.properties[name]
        else:
            winner.properties[name] = own
    if winner.traits_at == loser.traits_at:
        winner.traits_at = before.traits_at
    if winner.created_at == loser.created_at:
        winner.created_at = before.created_at
