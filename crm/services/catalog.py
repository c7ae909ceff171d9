"""Counts what each product sold in the last 90 days, in one statement, some minutes after a change.

Whoever writes orders or moves people leaves a row in the same transaction; a count takes the rows
it finds and then reads the documents, so that it sees at least what those rows speak of. Whatever
is written meanwhile left a row of its own and is counted next.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from crm.domain.purchases import COUNTED_DAYS
from crm.models import CatalogChange, CatalogCount
from crm.services.erasure import AFTER_ERASE
from crm.services.ingest import AFTER_APPLY
from crm.services.refills import keep_all_purchases
from crm.services.repointing import AFTER_MERGE, AFTER_PARTING
from crm.types import Written
from kernel import clock
from kernel.batches import Deadline
from kernel.formats import find_zone
from kernel.scope import current_tenant_id
from kernel.sql import run_sql, whole_tenant
from tenants.queries import get_tenant

PATIENCE = timedelta(minutes=5)
"""So long a change waits for others, so that a busy shop is not counted after every order."""
A_DAY = timedelta(days=1)


def note_written(written: Written) -> None:
    """Note that orders were written, in the transaction that writes them."""
    if written.order_ids:
        note_change()


def note_people(people: Sequence[object]) -> None:
    """Note that people were merged, parted or erased, in the transaction that does it."""
    if people:
        note_change()


def note_change() -> None:
    """Have the products counted again soon; no bell rings, the sweep finds the row."""
    CatalogChange.objects.create(created_at=clock.now())


def rebuild_by_day() -> None:
    """Have the products counted again, as after another zone: their days are the merchant's."""
    note_change()


def count_due(deadline: Deadline) -> int:
    """Count the products of the active tenant when a change has waited, or a day has passed.

    Args:
        deadline: when to stop claiming.

    Returns:
        1 when they were counted; 0 when nothing was due, or somebody else is at it.
    """
    if deadline.passed:
        return 0
    now = clock.now()
    with transaction.atomic():
        known = CatalogCount.objects.first()
        if not _is_due(known, now):
            return 0
    count_products(now)
    return 1


@transaction.atomic
def count_products(now: datetime) -> None:
    """Count what every product of the tenant sold in the 90 days that end with the present one.

    Once a day it is also measured how long consumable products last, and who bought them kept anew.

    Args:
        now: aware; orders after it are left out.
    """
    zone = get_tenant(current_tenant_id()).timezone
    first_day = now.astimezone(find_zone(zone)).date() - timedelta(days=COUNTED_DAYS - 1)
    values = {"counted_at": now, "first_day": first_day, "zone": zone}
    CatalogCount.objects.get_or_create(defaults=values)
    CatalogCount.objects.select_for_update(no_key=True).get()
    CatalogChange.objects.all().delete()
    CatalogCount.objects.update(**values)
    with whole_tenant():
        run_sql("crm.count_products", **_window(first_day, now, zone))
        measured = CatalogCount.objects.filter(Q(refills_at=None) | Q(refills_at__lte=now - A_DAY))
        if measured.update(refills_at=now):
            run_sql("crm.measure_refills", zone=zone, until=now)
            keep_all_purchases()


def find_wrong_figures() -> list[str]:
    """Name products whose figures are not what the documents say; for `verify`.

    Nothing is compared while changes wait to be counted.
    """
    count = CatalogCount.objects.first()
    if count is None or CatalogChange.objects.exists():
        return []
    rows = run_sql("crm.check_products", **_window(count.first_day, count.counted_at, count.zone))
    return [
        f"figures of product {row.product_id}: {row.stored}, recomputed {row.recomputed}"
        for row in rows
    ]


def register() -> None:
    """Listen to whatever changes what was sold, or to whom; called once."""
    AFTER_APPLY.append(note_written)
    AFTER_MERGE.append(note_people)
    AFTER_PARTING.append(note_people)
    AFTER_ERASE.append(note_people)


def _is_due(known: CatalogCount | None, now: datetime) -> bool:
    changes = CatalogChange.objects.all()
    if known is None:
        return changes.exists()
    if known.counted_at <= now - A_DAY:
        return True
    return changes.filter(created_at__lte=now - PATIENCE).exists()


def _window(first_day: date, until: datetime, zone: str) -> dict[str, object]:

    return {
        "first_day": first_day,
        "since": clock.start_of_day(first_day, zone),
        "until": until,
        "zone": zone,
    }
