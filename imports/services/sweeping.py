"""Deleting what imports keep whose time is over: the file and its rows, then what an undo needs."""

from django.db import transaction

from imports.choices import Stage
from imports.models import Import
from imports.services.journal import clear_changes
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
    return deadline.repeat(_sweep_some)


@transaction.atomic
def _sweep_some() -> bool:
    source = (
        Import.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(expires_at__lte=clock.now())
        .order_by("expires_at")
        .first()
    )
    if source is None:
        return _forget_some()
    if source.path:
        forget_upload(source.path)
        source.path, source.samples = "", []
        source.save(update_fields=["path", "samples"])
    if not (clear_rows(source) or clear_keys(source)):
        source.expires_at = None
        source.save(update_fields=["expires_at"])
    return True


def _forget_some() -> bool:
    """Delete some of what undoing an import would need."""
    source = (
        Import.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(undo_until__lte=clock.now())
        .exclude(stage=Stage.UNDOING)
        .order_by("undo_until")
        .first()
    )
    if source is None:
        return False
    if not clear_changes(source):
        source.undo_until = None
        source.save(update_fields=["undo_until"])
    return True
