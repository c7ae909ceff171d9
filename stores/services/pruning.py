"""Forgets calls of sites that were applied long ago; what they told stays."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction

from kernel import clock
from kernel.batches import Deadline
from kernel.sql import count_sql

BATCH = 2_000


def prune_due(deadline: Deadline) -> int:
    """Delete the tracking calls of the active tenant that were applied before the retention.

    An event is known by its key for ever, so a repeat of a call that was deleted changes nothing.

    Args:
        deadline: when to stop.

    Returns:
        Calls deleted; 0 when none is old enough.
    """
    done = 0
    before = clock.now() - timedelta(days=settings.TRACKING_KEPT_DAYS)
    while not deadline.passed:
        with transaction.atomic():
            count = count_sql("stores.prune_calls", before=before, count=BATCH)
        done += count
        if not count:
            break
    return done
