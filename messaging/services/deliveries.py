"""Keeps the deliverability by day in step with the mails, batch by batch, off the path of sending.

Whoever learns something of a mail notes which (`note_deliveries`, in the same transaction); here
its mark is taken from its row anew, and the sums move by the difference.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.db import transaction

from kernel import clock
from kernel.arrays import array
from kernel.batches import Deadline
from kernel.scope import current_tenant_id
from kernel.sql import run_sql, whole_tenant
from kernel.work import ring
from messaging.domain.mailboxes import OTHER, PATTERNS
from messaging.models import DeliveryChange, DeliveryState
from tenants.choices import TenantStatus
from tenants.queries import get_tenant

KIND: Final = "deliveries"
ROWS: Final = 100
"""Changes taken at once; each names a batch of mails."""
BATCH: Final = 200
"""Mails of a change where the past is added up."""
NAMED: Final = 20
"""Differences of one kind that are named."""


def note_deliveries(message_ids: Iterable[int]) -> None:
    """Note that something became known of mails, in the transaction that writes it.

    No bell rings: the sweep finds the row within seconds, and what came in meanwhile is added up
    together. `messaging.record_outcomes` notes what it writes by itself.
    """
    if ids := sorted(set(message_ids)):
        DeliveryChange.objects.create(message_ids=ids)


def add_up_deliveries(deadline: Deadline) -> int:
    """Bring the sums of the active tenant up to date; new or in a new zone, all of them.

    Args:
        deadline: when to stop claiming.

    Returns:
        Changes added up; 0 when nothing was due.
    """
    return deadline.repeat(_take_turn)


@transaction.atomic
def rebuild_deliveries() -> None:
    """Have everything added up anew in the tenant's zone of now, batch by batch, as changes are.

    A repeat ends in the same rows. Whoever adds up changes meanwhile waits.
    """
    zone = get_tenant(current_tenant_id()).timezone
    state = _lock_state() or _create_state(zone)
    DeliveryChange.objects.all().delete()
    with whole_tenant():
        run_sql("messaging.queue_past_deliveries", size=BATCH)
    DeliveryState.objects.filter(pk=state.pk).update(zone=zone, built_at=clock.now())


def request_rebuild() -> None:
    """Have the sums added up anew soon, as after another zone; the turn itself sees that it is."""
    ring(KIND, current_tenant_id())


def find_wrong_deliveries() -> list[str]:
    """Compare marks with mails and sums with marks; call it inside a transaction.

    What waits to be added up is left out, and so is a tenant whose days are to be cut anew.
    Whoever adds up meanwhile waits.
    """
    state = _lock_state()
    if state is None or state.zone != get_tenant(current_tenant_id()).timezone:
        return []
    with whole_tenant():
        marks = run_sql("messaging.find_wrong_delivery_marks", **_params(state.zone), count=NAMED)
        days = run_sql("messaging.find_wrong_delivery_days")
    return [
        *(f"delivery of message {row.message_id} on {row.day}: {row.kind}" for row in marks),
        *(
            f"deliveries of {row.day}, account {row.account_id}, {row.mailbox}, "
            f"{row.message_class}: {row.stored}, added up {row.added}"
            for row in days[:NAMED]
        ),
    ]


@transaction.atomic
def _take_turn() -> int:
    tenant = get_tenant(current_tenant_id())
    if tenant.status == TenantStatus.PURGING:
        return 0  # its rows go; nothing is added up again
    state = _lock_state()
    if state is None or state.zone != tenant.timezone:
        rebuild_deliveries()
        return 1
    claimed = run_sql("messaging.claim_delivery_changes", rows=ROWS)
    if claimed:
        ids = sorted({message_id for row in claimed for message_id in row.message_ids})
        run_sql("messaging.mark_deliveries", **_params(state.zone, array(ids)))
    return len(claimed)


def _params(zone: str, ids: str | None = None) -> dict[str, Any]:
    return {
        "ids": ids,
        "zone": zone,
        "other": OTHER,
        "mailboxes": array(PATTERNS),
        "patterns": array(f"^({pattern})$" for pattern in PATTERNS.values()),
    }


def _lock_state() -> DeliveryState | None:
    return DeliveryState.objects.select_for_update(no_key=True).first()


def _create_state(zone: str) -> DeliveryState:
    row = DeliveryState(zone=zone, built_at=clock.now())
    DeliveryState.objects.bulk_create([row], ignore_conflicts=True)
    return DeliveryState.objects.select_for_update(no_key=True).get()
