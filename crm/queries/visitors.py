"""Who was seen in a browser or app before, or may have been."""

from collections.abc import Iterable

from crm.choices import IdentityKind
from crm.domain.identifiers import normalize_visitor_id
from crm.domain.resolution import WEAK
from crm.models import Identity, OrderHint, Profile
from crm.types import EventRef

UNVEILED, MERGED = "Profile Created", "Profile Merged"


def has_order_hints() -> bool:
    """Say whether browsers told of any order."""
    return OrderHint.objects.exists()


def find_moved(refs: Iterable[EventRef]) -> set[int]:
    """Return the profiles of some events that may have events which were nobody's, or another's.

    Most who become known are so by an order of theirs and were never seen before.
    """
    named = [(ref.name, ref.profile_id) for ref in refs if ref.profile_id is not None]
    merged = {profile_id for name, profile_id in named if name == MERGED}
    created = {profile_id for name, profile_id in named if name == UNVEILED} - merged
    if not created:
        return merged
    seen = Identity.objects.filter(profile_id__in=created, kind__in=sorted(WEAK))
    return merged | set(seen.values_list("profile_id", flat=True))


def is_nobody_yet(anonymous_id: str) -> bool:
    """Say whether a browser is not known to be somebody's, nor to be shared by several."""
    found = Identity.objects.filter(
        kind=IdentityKind.ANONYMOUS, value_norm=normalize_visitor_id(anonymous_id)
    )
    return not found.exclude(is_shared=False, profile__is_anonymous=True).exists()


def is_anonymous(profile_id: int) -> bool:
    """Say whether nothing but browsers and devices says who a profile is."""
    return Profile.objects.filter(pk=profile_id, is_anonymous=True).exists()
