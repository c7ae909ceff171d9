"""The changeable columns of a profile as pages compare them."""

from dataclasses import dataclass

from crm.domain.fields import TEXT_FIELDS, ProfileFields
from crm.models import Profile

LABELS = {
    "email": "Email",
    "phone": "Phone",
    "first_name": "First name",
    "last_name": "Last name",
    "locale": "Language",
    "timezone": "Time zone",
    "country": "Country",
    "region": "Region",
    "city": "City",
    "postcode": "Postcode",
}
CONSENTS = {
    "email_consent": "Email consent",
    "sms_consent": "SMS consent",
    "whatsapp_consent": "WhatsApp consent",
    "push_consent": "Push consent",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of two profiles, and what it is afterwards."""

    label: str
    kept: str
    gone: str
    after: str

    @property
    def is_same(self) -> bool:
        """Whether both say the same."""
        return self.kept == self.gone


def read_profile(profile: Profile) -> ProfileFields:
    """Return the changeable columns of a profile, to be changed apart from it."""
    names = [*TEXT_FIELDS, *CONSENTS, *(f"{name}_at" for name in CONSENTS), "is_anonymous"]
    names += ["source_version_at", "traits_at", "created_at"]
    values = {name: getattr(profile, name) for name in names}
    return ProfileFields(**values, properties=dict(profile.properties))
