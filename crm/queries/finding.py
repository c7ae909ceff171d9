"""Who is meant by what somebody typed into the search of a list."""

from collections.abc import Collection

from crm.choices import IdentityKind
from crm.models import Identity, Profile

Key = tuple[str, str]
"""Kind of an identifier, and its value as it is stored."""
MATCHES = 200
"""Most people that one search brings in."""


def find_owners(keys: Collection[Key]) -> dict[Key, int]:
    """Return whom identifiers point at, in one statement; those of nobody are left out."""
    values = {value for _, value in keys}
    rows = Identity.objects.filter(value_norm__in=values, is_shared=False)
    kinds = rows.filter(kind__in={kind for kind, _ in keys})
    found = kinds.values_list("kind", "value_norm", "profile_id")
    return {(kind, value): owner for kind, value, owner in found if (kind, value) in keys}


def find_people(text: str) -> list[int]:
    """Return the ids of the people a text means: the owner of an address, else parts of names.

    Args:
        text: an e-mail address, or part of a name or address, in any case.
    """
    norm = text.lower()
    known = Identity.objects.filter(kind=IdentityKind.EMAIL, value_norm=norm)
    if found := list(known.values_list("profile_id", flat=True)):
        return found
    named = Profile.objects.filter(name_norm__contains=norm)
    addressed = Profile.objects.filter(email_norm__contains=norm)
    return sorted(
        {
            *named.values_list("pk", flat=True)[:MATCHES],
            *addressed.values_list("pk", flat=True)[:MATCHES],
        }
    )
