"""Returns that are asked for here, by a customer on their page or by a member for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.db import transaction

from crm.choices import OPEN_RETURNS, EventSource, ReturnStatus
from crm.models import Order, Return, Store
from crm.queries.giving_back import (
    OURS,
    BackLine,
    GivingBack,
    count_own,
    find_giving_back,
    find_own_return,
)
from crm.services.ingest import apply_records
from crm.types.care import ReturnRecord
from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from tenants.services import audit

REASONS: Final = (
    "It does not fit",
    "It looks different from the pictures",
    "It is not good enough",
    "It is broken, or the wrong one",
    "It came too late",
    "I changed my mind",
)
MOST_WORDS: Final = 2_000
STEPS: Final[Mapping[str, tuple[ReturnStatus, ...]]] = {
    ReturnStatus.REQUESTED: (ReturnStatus.APPROVED, ReturnStatus.DECLINED),
    ReturnStatus.APPROVED: (ReturnStatus.RECEIVED, ReturnStatus.CANCELLED),
    ReturnStatus.RECEIVED: (ReturnStatus.COMPLETED, ReturnStatus.DECLINED),
}
"""How a member may lead a return on, by how far it is."""
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class WantedBack:
    """What somebody would like to send back.

    Attributes:
        pieces: how many, by key of the line; 0 leaves it out.
        instead: SKU of what they would like for it, by key of the line; empty for the money.
        reason: one of `REASONS`.
        note: in their own words.
    """

    pieces: Mapping[str, int]
    reason: str
    instead: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def read_wanted(said: Mapping[str, str], found: GivingBack) -> WantedBack:
    """Return what a form says that shows what of an order can go back, line by line."""
    places = {each.line.line_key: each.place for each in found.lines}
    pieces = {key: said.get(f"pieces-{place}", "") for key, place in places.items()}
    return WantedBack(
        pieces={key: int(word) for key, word in pieces.items() if _is_count(word)},
        instead={key: said.get(f"instead-{place}", "") for key, place in places.items()},
        reason=said.get("reason", ""),
        note=said.get("note", "").replace("\x00", ""),
    )


@transaction.atomic
def ask_back(order_id: int, wanted: WantedBack, *, actor: str = "") -> Return:
    """Open a return of an order; who presses twice asks once.

    Args:
        order_id: of the tenant.
        wanted: what goes back.
        actor: e-mail address of the member who does it for the customer, which approves it; empty
            for the customer, whose return waits for a member.

    Raises:
        NotFound: no such order.
        Conflict: a return of it that was asked for here is still open.
        Invalid: nothing is chosen, more than is left, or no reason; the words say which.
    """
    store_id = Order.objects.filter(pk=order_id).values_list("store_id", flat=True).first()
    if store_id is None:
        raise NotFound("There is no such order.")
    _hold(store_id)
    order = Order.objects.get(pk=order_id)
    found, now = find_giving_back(order), clock.now()
    if found.asked is not None:
        raise Conflict("A return of this order is open already.")
    if not actor and now > found.until:
        raise Invalid("It is too late to send this order back here. Please write to us.")
    if wanted.reason not in REASONS:
        raise Invalid("Please say why it goes back.")
    number = count_own(order) + 1
    key = f"{OURS}{order.pk}-{number}"
    status = ReturnStatus.APPROVED if actor else ReturnStatus.REQUESTED
    record = ReturnRecord(
        external_id=key,
        version_at=now,
        status=status.value,
        order_external_id=order.external_id,
        number=f"{order}-R{number}",
        requested_at=now,
        reason=wanted.reason,
        note=wanted.note.strip()[:MOST_WORDS],
        items=_items(found.lines, wanted),
    )
    apply_records(order.store_id, [record], source=EventSource.SYSTEM, now=now)
    row = Return.objects.get(store_id=order.store_id, external_id=key)
    if actor:
        audit.record(
            "return.started", "order", order.pk, after={"reason": wanted.reason}, actor=actor
        )
    return row


@transaction.atomic
def move_return(
    return_id: int, status: ReturnStatus, *, label_url: str = "", actor: str = ""
) -> None:
    """Say how a return goes on that was asked for here; its customer hears of it.

    Args:
        return_id: of the tenant.
        status: what it becomes.
        label_url: where the customer prints the label; empty keeps what is known.
        actor: e-mail address of the member; empty for the customer, who may call it off alone.

    Raises:
        NotFound: no such return, or another tool looks after it.
        Conflict: it is over, the customer may not do this any more, or it went on meanwhile to
            where this is none of its `STEPS`.
    """
    row = find_own_return(return_id)
    if row is not None:
        _hold(row.store_id)
        row = find_own_return(return_id)
    if row is None or row.order is None:
        raise NotFound("There is no such return, or another tool looks after it.")
    if row.status not in OPEN_RETURNS:
        raise Conflict("This return is over.")
    if not actor and (row.status, status) != (ReturnStatus.REQUESTED, ReturnStatus.CANCELLED):
        raise Conflict("It is on its way already. Please write to us.")
    if actor and status not in STEPS[row.status]:
        raise Conflict("It went on meanwhile. Look once more.")
    now = clock.now()
    record = ReturnRecord(
        external_id=row.external_id,
        version_at=max(now, row.source_version_at + _TICK),  # each step is news, whatever the clock
        status=status.value,
        label_url=label_url,
    )
    apply_records(row.store_id, [record], source=EventSource.SYSTEM, now=now)
    if actor:
        audit.record(
            "return.moved",
            "order",
            row.order.pk,
            before={"status": row.status},
            after={"status": status.value},
            actor=actor,
        )


def _hold(store_id: int) -> None:
    """Let nothing else be written of a store until the end; what is read after it stays true.

    It is the lock that `apply_records` takes first.
    """
    Store.objects.select_for_update(no_key=True).get(pk=store_id)


def _is_count(word: str) -> bool:
    return word.isdecimal() and len(word) < 7  # noqa: PLR2004 digits of the most pieces of a line


def _items(lines: list[BackLine], wanted: WantedBack) -> list[dict[str, Any]]:
    known = {each.line.line_key: each for each in lines}
    chosen = {key: count for key, count in wanted.pieces.items() if count}
    if not chosen:
        raise Invalid("Please choose what goes back.")
    items = []
    for key, count in chosen.items():
        found = known.get(key)
        if found is None or not 0 < count <= found.left:
            raise Invalid("So many pieces of it cannot go back.")
        items.append(_item(found, count, wanted.instead.get(key, "")))
    return items


def _item(found: BackLine, count: int, sku: str) -> dict[str, Any]:
    instead = next((one for one in found.instead if sku and one.sku == sku), None)
    if sku and instead is None:
        raise Invalid("What you would like instead is no longer in stock.")
    item = {
        "line_key": found.line.line_key,
        "sku": found.line.sku,
        "title": found.title,
        "quantity": count,
    }
    if instead is not None:
        item |= {"instead_sku": instead.sku, "instead": f"{instead.product}, {instead.title}"}
    return item
