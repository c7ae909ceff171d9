"""Deleting files and rows of imports whose time is over; what they did, and its counts, stay."""

from django.db import transaction

from imports.models import Import
from imports.services.staging import clear_keys, clear_rows
from imports.services.uploads import forget_upload
from kernel import clock
from kernel.batches import Deadline


def sweep_due(deadline: Deadline) -> int:
    """Delete what is due of the active tenant, some rows in one transaction.

    Args:
        deadline: when to stop; what is left is rung for again.

    Returns:
        Turns done; 0 when nothing is due or other workers hold it.
    """
    done = 0
    while not deadline.passed and _sweep_some():
        done += 1
    return done


@transaction.atomic
def _sweep_some() -> bool:
    source = (
        Import.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(expires_at__lte=clock.now())
        .order_by("expires_at")
        .first()
    )
    if source is None:
        return False
    if source.path:
        forget_upload(source.path)
        source.path, source.samples = "", []
        source.save(update_fields=["path", "samples"])
    if not clear_rows(source):
        clear_keys(source)
        source.expires_at = None
        source.save(update_fields=["expires_at"])
    return True
