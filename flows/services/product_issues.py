"""Telling everybody who bought something that it is faulty or not safe.

Buyers are put into the flow of the library, whose message passes every limit that is for
promotions. Orders of nobody that carry an address get their person first.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from datetime import date
from typing import Any, Final

from django.db import transaction

from crm.domain.purchases import digest
from crm.queries.buyers import (
    BuyerCounts,
    BuyerRow,
    Sold,
    count_sold,
    find_strays_of,
    list_buyer_ids,
    list_sold_to,
)
from crm.services.strays import link_orders
from flows.choices import ON
from flows.library.product_issue import FLOW
from flows.queries.goods import name_goods
from flows.services.drafts import publish_draft
from flows.services.library import install_flow
from flows.services.manual import put_in
from kernel import clock
from kernel.errors import Invalid, NotFound
from kernel.formats import format_day
from kernel.tenancy import current_tenant_id
from tenants.models import Job
from tenants.queries import get_tenant
from tenants.services import audit
from tenants.services.jobs import start_job
from tenants.types import JobStep, JobTurn

BATCH: Final = 500
SHOWN: Final = 100
MOST_NUMBERS: Final = 2_000
MOST_WORDS: Final = 600


@dataclass(frozen=True, slots=True)
class Issue:
    """What is wrong with what, and when it was sold.

    Attributes:
        variant_ids: of the product; empty for all.
        first_day, last_day: of the tenant's calendar, both included.
        lot: what it is called; said in the message.
        numbers: of the orders that the lot went to; empty for all of the days.
        what: what they must know.
        advice: what they do now; may be empty.
    """

    product_id: int
    first_day: date
    last_day: date
    variant_ids: tuple[int, ...] = ()
    lot: str = ""
    numbers: tuple[str, ...] = ()
    what: str = ""
    advice: str = ""

    @property
    def fingerprint(self) -> str:
        """What the same issue in the same words is known by."""
        return digest(astuple(self))

    @property
    def sold_fingerprint(self) -> str:
        """The same of when it was sold to whom, whatever is said of it."""
        return replace(self, product_id=0, lot="", what="", advice="").fingerprint


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would be written to: the counts of all, and the newest buyers."""

    counts: BuyerCounts
    shown: list[BuyerRow]


def preview_issue(issue: Issue) -> Preview:
    """Return who bought it, and write nothing.

    Raises:
        NotFound: the product is not known.
        Invalid: the days are the wrong way round, or the list of orders is too long.
    """
    sold = _sold(issue)
    return Preview(count_sold(sold), list_sold_to(sold, limit=SHOWN))


@transaction.atomic
def notify_buyers(issue: Issue, *, actor: str, key: str) -> Job:
    """Begin to write to everybody who bought it; the flow is installed and switched on for it.

    Args:
        issue: with ``what`` said.
        actor: e-mail address of the member, or the key that asked.
        key: what makes this click once for ever: a second job of it writes to nobody again.

    Raises:
        NotFound: the product is not known.
        Invalid: something is missing or too long; ``fields`` names it.
    """
    sold = _sold(issue)
    if not issue.what.strip():
        raise Invalid("Say what is wrong.", fields={"what": "is missing"})
    counts = count_sold(sold)
    flow_id = _switch_on(actor)
    said = _said(issue)
    params = {
        "flow": flow_id,
        "key": key,
        "name": said["product"],
        "said": said,
        "product": issue.product_id,
        "variants": list(issue.variant_ids),
        "numbers": list(issue.numbers),
        "first_day": issue.first_day.isoformat(),
        "last_day": issue.last_day.isoformat(),
    }
    job = start_job(
        "flows.product_issue", params, actor=actor, total=counts.people + counts.linkable
    )
    told = {"product": said["product"], "people": counts.people, "what": said["what"]}
    audit.record("flow.product_issue", "flow", flow_id, after=told, actor=actor)
    return job


def notify_batch(turn: JobTurn) -> JobStep:
    """Write to the next buyers; orders of nobody get their person before, store by store."""
    issue = _read(turn.params)
    sold = _sold(issue)
    step, after = turn.cursor or ("strays", 0)
    if step == "strays" and (strays := find_strays_of(sold, after=after, limit=BATCH)):
        store_id = strays[0][0]
        first = [pk for store, pk in strays if store == store_id]
        upto = _before_next(strays, store_id)
        link_orders([pk for pk in first if pk <= upto], store_id=store_id)
        return JobStep(rows=0, cursor=["strays", upto])
    ids = list_buyer_ids(sold, after=after if step == "people" else 0, limit=BATCH)
    key = f"issue:{turn.params['key']}"
    put_in(int(turn.params["flow"]), ids, key, turn.actor, turn.params["said"])
    return JobStep(rows=len(ids), cursor=["people", ids[-1]] if len(ids) == BATCH else None)


def _before_next(strays: list[tuple[int, int]], store_id: int) -> int:
    """Return the last order before one of another store: who links holds one store at a time."""
    last = strays[0][1]
    for store, pk in strays:
        if store != store_id:
            break
        last = pk
    return last


def _switch_on(actor: str) -> int:
    flow, _ = install_flow(FLOW.key, actor=actor)
    if flow.status not in ON:
        publish_draft(flow.pk, revision=None, is_on=True, actor=actor)
    return flow.pk


def _sold(issue: Issue) -> Sold:
    if issue.last_day < issue.first_day:
        raise Invalid("The last day is before the first.", fields={"last_day": "is too early"})
    if len(issue.numbers) > MOST_NUMBERS:
        raise Invalid("There are too many orders.", fields={"numbers": "has too many orders"})
    zone = get_tenant(current_tenant_id()).timezone
    return Sold(
        product_id=issue.product_id,
        since=clock.start_of_day(issue.first_day, zone),
        until=clock.end_of_day(issue.last_day, zone),
        variant_ids=issue.variant_ids,
        numbers=issue.numbers,
    )


def _said(issue: Issue) -> dict[str, Any]:
    """Return what messages know of it."""
    name = name_goods(issue.product_id, issue.variant_ids)
    if name is None:
        raise NotFound("This product does not exist.")
    return {
        "product": name,
        "what": issue.what.strip()[:MOST_WORDS],
        "advice": issue.advice.strip()[:MOST_WORDS],
        "lot": issue.lot.strip()[:MOST_WORDS],
        "first_day": format_day(issue.first_day),
        "last_day": format_day(issue.last_day),
    }


def _read(params: Mapping[str, Any]) -> Issue:
    return Issue(
        product_id=int(params["product"]),
        first_day=date.fromisoformat(params["first_day"]),
        last_day=date.fromisoformat(params["last_day"]),
        variant_ids=tuple(params["variants"]),
        numbers=tuple(params["numbers"]),
    )
