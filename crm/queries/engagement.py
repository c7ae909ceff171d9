"""Who still takes an interest, for many at once."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from crm.models import ProfileFacts


def find_engaged(profile_ids: Collection[int], since: datetime) -> set[int]:
    """Return those of some people who opened, clicked, visited or bought since a time."""
    is_engaged = (
        Q(last_opened_at__gte=since)
        | Q(last_clicked_at__gte=since)
        | Q(last_seen_at__gte=since)
        | Q(last_order_at__gte=since)
    )
    rows = ProfileFacts.objects.filter(is_engaged, profile_id__in=profile_ids)
    return set(rows.values_list("profile_id", flat=True))
