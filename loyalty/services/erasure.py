"""Removes words about erased people from points that were given and taken by hand."""

from collections.abc import Sequence

from django.db import transaction

from loyalty.choices import EntryKind
from loyalty.models import PointsEntry
from tenants.services import audit


@transaction.atomic
def forget_reasons(profile_ids: Sequence[int]) -> None:
    """Blank the reasons of adjustments; the figures stay. A repeat is harmless."""
    entries = PointsEntry.objects.filter(profile_id__in=profile_ids, kind=EntryKind.ADJUST)
    entries.exclude(note="").update(note="")
    audit.forget("profile", profile_ids, "reason")
