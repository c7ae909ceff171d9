"""What this app fills into the registries of the apps below."""

from collections.abc import Sequence

from analytics.services.rollups import note_change, note_people
from crm.services.erasure import AFTER_ERASE
from crm.services.ingest import AFTER_APPLY
from crm.services.repointing import AFTER_MERGE, AFTER_PARTING, Pair
from messaging.services.tracking import AFTER_CLICK


def register() -> None:
    """Listen to whatever changes a sum; called once, when the apps are loaded."""
    AFTER_APPLY.append(note_change)
    AFTER_MERGE.append(_note_merged)
    AFTER_PARTING.append(_note_merged)
    AFTER_ERASE.append(note_people)
    AFTER_CLICK.append(note_people)


def _note_merged(pairs: Sequence[Pair]) -> None:
    note_people(profile_id for pair in pairs for profile_id in pair)
