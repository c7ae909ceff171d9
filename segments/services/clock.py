"""The flip schedule: memberships that time alone changes, to the minute; and the full refresh."""

from datetime import datetime

from django.db import transaction

from kernel import clock
from kernel.batches import Deadline
from kernel.sql import run_sql
from segments.choices import Cause
from segments.models import Upkeep
from segments.services.auditing import audit_memberships, is_audit_due
from segments.services.memberships import Why, decide_memberships, of_profiles
from segments.services.rebuild import refresh_everything
from segments.services.upkeep import lock_upkeep
from segments.types import ChangeCause

BATCH = 2_000
BUSY_FROM_REACTIONS = 2_000
"""With more reactions waiting an import is under way, and a full refresh would soon be stale."""


def reevaluate_due(deadline: Deadline) -> int:
    """Decide anew the profiles whose time has come, then refresh everything if that is due.

    Entries that time caused are live: they start flows.

    Args:
        deadline: when to stop claiming.

    Returns:
        Profiles decided, and one more for a full refresh; 0 when nothing was due.
    """
    done = 0
    while not deadline.passed and (batch := _reevaluate_batch()):
        done += batch
    return done + _refresh_if_due(clock.now())


@transaction.atomic
def _reevaluate_batch() -> int:
    if not run_sql("segments.claim_due", now=clock.now(), count=1):
        return 0
    lock_upkeep()
    now = clock.now()
    ids = [row.profile_id for row in run_sql("segments.claim_due", now=now, count=BATCH)]
    if ids:
        decide_memberships(of_profiles(ids), now, Why(ChangeCause(Cause.TIME)))
    return len(ids)


def _refresh_if_due(now: datetime) -> int:
    with transaction.atomic():
        upkeep = Upkeep.objects.filter(due_at__lte=now).first()
        if upkeep is None or run_sql("segments.find_backlog", count=BUSY_FROM_REACTIONS):
            return 0
    if upkeep.cause == Cause.REFERENCE and is_audit_due(upkeep, now):
        audit_memberships(now)
        now = clock.now()
    # A changed definition moves its own segment quietly, and no other.
    refresh_everything(now, Cause.IMPORT if upkeep.cause == Cause.IMPORT else Cause.REFERENCE)
    return 1
