"""Who is meant by what somebody typed into the search of a list."""

from crm.choices import IdentityKind
from crm.models import Identity, Profile

MATCHES = 200
"""Most people that one search brings in."""


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
