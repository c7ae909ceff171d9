"""Products that become something else: those who bought them are decided anew.

A condition on what was bought reads brand and flags of the product as they are now, and the
category of the line, which a line without one takes over when the catalogue names it. Whoever
writes a catalogue leaves a row per product in the same transaction. A worker walks the lines of
these products, newest order first, and decides their buyers, unless no definition asks.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction

from crm.services.flags import AFTER_FLAGGED
from crm.services.ingest import AFTER_APPLY
from crm.types import Written
from kernel import clock
from kernel.batches import Deadline
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from kernel.work import ring
from segments.choices import Cause
from segments.domain.definitions import Node, fields_named, goods_named
from segments.domain.shared import with_dependents
from segments.models import GoodsChange
from segments.queries.conditions import list_definitions
from segments.services.memberships import Why, decide_memberships, of_profiles
from segments.services.upkeep import clock_from, lock_upkeep
from segments.types import ChangeCause
from stores.services.segment_tags import wish_for_members

GOODS: Final = "goods"
LINES: Final = 2_000
"""Lines of orders that one transaction looks at."""
PRODUCTS: Final = 100
_ASKED: Final = frozenset({"brand", "category", "flag"})
_FIELDS: Final = frozenset({"categories"})


def note_regrouped(written: Written) -> None:
    """Note the products that became something else, in the transaction that writes them."""
    if not written.regrouped_ids:
        return
    GoodsChange.objects.bulk_create(
        [
            GoodsChange(product_id=product_id, created_at=clock.now())
            for product_id in written.regrouped_ids
        ]
    )
    ring(GOODS, current_tenant_id())


def decide_buyers(deadline: Deadline) -> int:
    """Decide anew who bought the products that changed.

    Entries and exits by it are quiet: nothing happened in anybody's life, so no flow starts. That
    holds of segments that ask for what changed; what else has come due for these people, and what
    an event that waits is about to tell, is told.

    Args:
        deadline: when to stop claiming.

    Returns:
        Lines and products looked at; 0 when nothing was left to do.
    """
    done = 0
    while not deadline.passed and (batch := _decide_batch(clock.now())):
        done += batch
    return done


def register() -> None:
    """Listen to whoever writes a catalogue; called once, when the apps are loaded."""
    AFTER_APPLY.append(note_regrouped)
    AFTER_FLAGGED.append(lambda product_ids: note_regrouped(Written(regrouped_ids=product_ids)))


@transaction.atomic
def _decide_batch(now: datetime) -> int:
    if not GoodsChange.objects.exists():
        return 0
    tell = clock_from(now)
    lock_upkeep()
    trees = list_definitions()
    asking = _list_asking(trees)
    if not asking:
        return GoodsChange.objects.all().delete()[0]
    done, buyers = _walk()
    if buyers:
        why = Why(ChangeCause(Cause.CATALOG), own=asking)
        decide_memberships(of_profiles(sorted(buyers)), tell(), why, trees=trees)
        wish_for_members(buyers)
    return done


def _walk() -> tuple[int, set[int]]:
    """Go on with the products that wait longest; returns what was looked at, and the buyers."""
    done, left, buyers = 0, LINES, set[int]()
    finished: set[int] = set()
    for change in GoodsChange.objects.order_by("pk")[:PRODUCTS]:
        if change.product_id in finished and change.before_order_id is None:
            continue
        rows = run_sql(
            "segments.list_buyers_of",
            product_id=change.product_id,
            before=change.before_order_id,
            count=left,
        )
        buyers.update(row.profile_id for row in rows if row.profile_id is not None)
        left -= len(rows)
        done += len(rows) + 1
        if not left:
            GoodsChange.objects.filter(pk=change.pk).update(before_order_id=rows[-1].order_id)
            break
        _finish(change)
        if change.before_order_id is None:
            finished.add(change.product_id)
    return done, buyers


def _finish(change: GoodsChange) -> None:
    """Take a product's row away, and with it those of later changes that its walk has covered."""
    GoodsChange.objects.filter(pk=change.pk).delete()
    if change.before_order_id is None:
        GoodsChange.objects.filter(product_id=change.product_id, before_order_id=None).delete()


def _list_asking(trees: Mapping[int, Node]) -> set[int]:
    """Return the segments that look at what changed, and those that refer to them."""
    asking = [
        key
        for key, tree in trees.items()
        if goods_named([tree]) & _ASKED or fields_named([tree]) & _FIELDS
    ]
    return with_dependents(asking, trees)
