"""Which RFM group people are in, for the apps below."""

from collections.abc import Collection

from crm.models import ProfileFacts
from segments.domain.rfm import GROUP_LABELS


def list_groups() -> list[tuple[str, str]]:
    """Return key and words of every group."""
    return list(GROUP_LABELS.items())


def find_groups(profile_ids: Collection[int]) -> dict[int, str]:
    """Return the group of each of some people who are in one, in one statement."""
    rows = ProfileFacts.objects.filter(profile_id__in=profile_ids).exclude(rfm_group="")
    return dict(rows.values_list("profile_id", "rfm_group"))
