"""Linking orders of nobody to the people whose address they carry, after a member has seen it.

Who an address is, is found as for an order that has just come (`crm.services.people`): somebody
known, somebody new, or somebody who was erased and does not come back. What belongs to the order
follows it; figures, points and segments follow by events that are history, so no flow starts.
"""

from collections.abc import Sequence
from functools import partial

from django.db import transaction

from crm.domain.repairs import read_email
from crm.domain.touches import origin_of_order
from crm.errors import IngestConflict
from crm.models import Order
from crm.queries.strays import find_strays, preview_strays
from crm.services.batch import Batch
from crm.services.claims import Claim, claim_of_address
from crm.services.events import append_resolved
from crm.services.ingest import AFTER_APPLY, open_batch
from crm.services.people import resolve_people
from crm.services.repointing import adopt_rows
from crm.services.touches import record_touches
from crm.types import NewTouch, Written
from kernel import clock, money
from kernel.arrays import columns
from kernel.retry import retry_conflicts
from kernel.sql import run_sql
from tenants.models import Job
from tenants.services.jobs import start_job
from tenants.types import JobStep, JobTurn

BATCH = 500
TRIES = 5
SOURCE = "system"


def start_linking(*, actor: str) -> Job:
    """Start linking every order of nobody that carries an address which can mean one person only.

    Args:
        actor: e-mail address of the member.
    """
    found = preview_strays()
    total = None if found.has_more else found.count + found.riddles
    return start_job("data.orders", {}, actor=actor, total=total)


def link_batch(turn: JobTurn) -> JobStep:
    """Link the next orders of one store, inside the transaction of the job's progress.

    Whoever writes holds one store and then its people. Two stores in one transaction would have
    the people of the first while they wait for those of the second, as no ingest does.
    """
    store_id, after = turn.cursor or (0, 0)
    rest = find_strays().filter(store_id__gte=store_id).exclude(store_id=store_id, pk__lte=after)
    found = list(rest.values_list("store_id", "pk")[:BATCH])
    if not found:
        return JobStep(rows=0, cursor=None)
    store_id = found[0][0]
    ids = [pk for of, pk in found if of == store_id]
    retry_conflicts(
        partial(link_orders, ids, store_id=store_id), tries=TRIES, conflict=IngestConflict
    )
    is_last = len(ids) == len(found) < BATCH
    return JobStep(rows=len(ids), cursor=None if is_last else [store_id, ids[-1]])


@transaction.atomic
def link_orders(order_ids: Sequence[int], *, store_id: int) -> None:
    """Link some orders of nobody of one store, as far as their addresses can mean one person only.

    Raises:
        IngestConflict: another delivery brought the same people; it is safe to call again.
    """
    # Whoever writes for a store holds its row before others.
    batch = open_batch(store_id, 0, SOURCE, is_backfill=True, now=clock.now())
    strays = find_strays().select_for_update(no_key=True, of=("self",)).filter(pk__in=order_ids)
    _link_of_store(batch, list(strays))


def _link_of_store(batch: Batch, orders: Sequence[Order]) -> None:
    by_claim = [
        (order, claim_of_address(batch, place, meant, order))
        for place, order in enumerate(orders)
        if (meant := read_email(order.email))
    ]
    resolve_people(batch, [claim for _, claim in by_claim])
    # An address of somebody who was erased is forgotten here too.
    erased = [order.pk for order, claim in by_claim if claim.is_blocked]
    Order.objects.filter(pk__in=erased).update(email="", is_erased=True)
    linked = [(order, claim) for order, claim in by_claim if claim.profile_id is not None]
    if not linked:
        return
    rows = [(order.pk, claim.profile_id, claim.email) for order, claim in linked]
    run_sql("crm.link_orders", now=batch.now, **columns("ids profile_ids emails", rows))
    pairs = [(order_id, profile_id) for order_id, profile_id, _ in rows if profile_id]
    adopt_rows(pairs)
    run_sql("crm.link_events", **columns("order_ids profile_ids", pairs))
    _keep_touches(batch, linked)
    for order, claim in linked:
        batch.add_event(
            "Order Updated",
            batch.now,
            profile_id=claim.profile_id,
            object_id=order.pk,
            properties={
                "number": str(order),
                "total": money.to_text(order.gross_minor, order.currency),
                "currency": order.currency,
            },
        )
    append_resolved(batch.events, batch.now)
    people = {claim.profile_id for _, claim in linked if claim.profile_id is not None}
    written = Written(
        order_ids=[order.pk for order, _ in linked],
        profile_ids=sorted(people),
        coded_ids=[order.pk for order, _ in linked if order.discount_codes],
    )
    for listen in AFTER_APPLY:
        listen(written)


def _keep_touches(batch: Batch, linked: Sequence[tuple[Order, Claim]]) -> None:
    record_touches(
        [
            NewTouch(
                f"order:{batch.store_id}:{order.external_id}",
                claim.profile_id,
                order.ordered_at,
                origin,
                order.pk,
            )
            for order, claim in linked
            if claim.profile_id is not None
            and (origin := origin_of_order(order.attribution or {}, order.channel))
        ]
    )
