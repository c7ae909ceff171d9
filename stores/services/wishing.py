"""Wishing that stores learn what changed about people, in the transaction of whoever reacts to it.

A wish says how a customer shall be at a store, not what happened, so any number of changes is one
wish, and a batch that is handled twice wishes nothing new.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import Q

from crm.choices import ConsentState, StoreStatus
from crm.domain.permission import NEGATIVE
from crm.queries.people_filters import find_tags
from crm.queries.reach import Reach, find_reach
from crm.queries.store_customers import (
    StoreCustomer,
    list_profiles_after,
    list_store_customers,
)
from crm.types import EventRef
from kernel import clock
from kernel.arrays import columns
from kernel.money import to_text
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from kernel.work import ring
from stores.choices import WriteKind
from stores.domain.writing import FIRST, USUAL, WRITABLE, want_tags, without
from stores.models import WriteLane
from tenants.queries import get_tenant

WRITES: Final = "writes"
FILL_SIZE: Final = 1_000
"""Profiles that are looked at together after a lane was switched on."""
PEOPLE: Final = (WriteKind.CONSENT, WriteKind.TAGS, WriteKind.SEGMENTS, WriteKind.FIELDS)
"""Kinds whose subjects are customers."""
REFILLED: Final = frozenset({WriteKind.FIELDS, WriteKind.SEGMENTS})
"""Kinds for which everybody is looked at once a day: a first RFM group is no event, and neither
are members who come by another definition."""
REFILL_EVERY: Final = timedelta(days=1)
_FIGURES: Final = frozenset({WriteKind.FIELDS})
_MEMBERS: Final = frozenset({WriteKind.SEGMENTS})
_EVERYTHING: Final = frozenset(PEOPLE)
HEARD: Final[dict[str, frozenset[WriteKind]]] = {
    "Tags Changed": frozenset({WriteKind.TAGS}),
    "Consent Changed": frozenset({WriteKind.CONSENT}),
    "Suppression Changed": frozenset({WriteKind.CONSENT}),
    "Order Placed": _EVERYTHING,
    "Order Updated": _FIGURES,
    "Order Cancelled": _FIGURES,
    "Order Refunded": _FIGURES,
    "RFM Group Changed": _FIGURES,
    "Segment Entered": _MEMBERS,
    "Segment Exited": _MEMBERS,
    "Points Earned": _FIGURES,
    "Points Reversed": _FIGURES,
    "Points Activated": _FIGURES,
    "Loyalty Tier Changed": _FIGURES,
    "Points Expired": _FIGURES,
    "Profile Created": _EVERYTHING,
    "Profile Updated": _EVERYTHING,
    "Profile Merged": _EVERYTHING,
    "Import Undone": _EVERYTHING,
}
"""Which kinds an event may change; an order may bring the first customer id of a known person."""

TagsOf = Callable[[int, Sequence[int]], Mapping[int, Sequence[str]]]
"""Takes a store and profiles; answers which tags of segments each of them shall have there."""
SEGMENT_TAGS: Final[list[TagsOf]] = []
"""Who knows that: the app of segments, which stores know nothing of, adds itself."""
WordsOf = Callable[[int], Iterable[str]]
"""Takes a store; answers which tags segments give there, whoever has them."""
SEGMENT_WORDS: Final[list[WordsOf]] = []

Row = tuple[int, str, dict[str, Any], int, bool]
"""Lane, subject, value, urgency, whether nothing is wished."""


def wish_for_events(refs: list[EventRef]) -> None:
    """Wish what a batch of events changed about customers of stores that are written to.

    A handler of events (`config.event_handlers`); without a lane that is on it asks once.
    """
    kinds = {kind for ref in refs for kind in HEARD.get(ref.name, ())}
    lanes = lock_lanes(kinds) if kinds else []
    for lane in lanes:
        kind = WriteKind(lane.kind)
        concerned = {
            ref.profile_id
            for ref in refs
            if ref.profile_id is not None and kind in HEARD.get(ref.name, ())
        }
        wish(lane, concerned)


def lock_lanes(kinds: Collection[str]) -> list[WriteLane]:
    """Lock the lanes of some kinds that are on, in one order, and return them."""
    found = WriteLane.objects.select_for_update(no_key=True, of=("self",)).filter(
        kind__in=[str(kind) for kind in kinds],
        is_on=True,
        store__status=StoreStatus.CONNECTED,
    )
    return list(found.select_related("store").order_by("pk"))


def wish(lane: WriteLane, profile_ids: Iterable[int]) -> int:
    """Wish how the customers of a store that some profiles are shall be; a repeat changes nothing.

    Call it inside a transaction that holds the lane.

    Returns:
        Wishes that are new.
    """
    customers = list_store_customers(profile_ids, [lane.store_id])
    return keep_wishes(lane, build_rows(lane, customers))


def build_rows(lane: WriteLane, customers: Sequence[StoreCustomer]) -> list[Row]:
    """Return how customers shall be at the store of a lane."""
    match lane.kind:
        case WriteKind.TAGS:
            taken = {word.casefold() for word in list_segment_words(lane.store_id)}
            return [_tags_row(lane, each, taken) for each in customers]
        case WriteKind.SEGMENTS:
            return _segment_rows(lane, customers)
        case WriteKind.CONSENT:
            reach = find_reach(customers, clock.now())
            return [_consent_row(lane, *each) for each in zip(customers, reach, strict=True)]
        case _:
            currency = get_tenant(current_tenant_id()).currency if customers else ""
            return [_fields_row(lane, each, currency) for each in customers]


def keep_wishes(lane: WriteLane, rows: Sequence[Row]) -> int:
    """Keep wishes of one lane, wake it and ring; returns how many of them are new."""
    if not rows:
        return 0
    now = clock.now()
    new = run_sql(
        "stores.wish_writes",
        now=now,
        **columns("lanes subjects wanted urgencies empties", rows),
    )
    if new:
        _wake(lane, now)
        ring(WRITES, current_tenant_id())
    return len(new)


def _wake(lane: WriteLane, now: datetime) -> None:
    """Let a lane go on that only waits for one wish to be tried again, or for the next day.

    One that rests, or waits for a store's patience, goes on resting. One that is in the hands of a
    worker is left to it: when it lets go, it counts in what was wished meanwhile.
    """
    is_free = Q(held_until=None) | Q(held_until__lte=now)
    waits = Q(is_free, due_at__gt=now, tries=0, detail="")
    WriteLane.objects.filter(Q(due_at=None) | waits, pk=lane.pk).update(due_at=now)


def fill(lane: WriteLane) -> int | None:
    """Wish for the next profiles of a lane that was switched on.

    Call it inside a transaction that holds the lane.

    Returns:
        Where to go on; None when everybody was looked at.
    """
    ids = list_profiles_after(lane.fill_after or 0, limit=FILL_SIZE)
    wish(lane, ids)
    return ids[-1] if len(ids) == FILL_SIZE else None


def is_refill_due(lane: WriteLane) -> bool:
    """Say whether everybody was last looked at a day ago."""
    if lane.fill_after is not None or lane.filled_at is None:
        return False
    return lane.filled_at + REFILL_EVERY <= clock.now()


def list_segment_words(store_id: int) -> list[str]:
    """Return the tags that segments give at a store; nothing else of Patron gives them there."""
    return sorted({word for words_of in SEGMENT_WORDS for word in words_of(store_id)})


def find_clash(prefix: str, words: Iterable[str]) -> str:
    """Return a tag of people that is one of some words once it is written; empty: none is."""
    start = prefix.lower()
    ends = [word[len(prefix) :] for word in words if word.lower().startswith(start)]
    return next((f"{prefix}{tag}" for tag in find_tags(ends)), "")


def _tags_row(lane: WriteLane, customer: StoreCustomer, taken: Collection[str]) -> Row:
    wanted = want_tags(customer.tags, lane.options.get("prefix", ""))
    value = {"tags": without(wanted["tags"], taken)}
    return lane.pk, customer.external_id, value, USUAL, not value["tags"]


def _segment_rows(lane: WriteLane, customers: Sequence[StoreCustomer]) -> list[Row]:
    ids = sorted({each.profile_id for each in customers})
    answers = [tags_of(lane.store_id, ids) for tags_of in SEGMENT_TAGS] if ids else []
    rows: list[Row] = []
    for each in customers:
        tags = sorted({tag for told in answers for tag in told.get(each.profile_id, ())})
        rows.append((lane.pk, each.external_id, {"tags": tags}, USUAL, not tags))
    return rows


def _consent_row(lane: WriteLane, customer: StoreCustomer, reach: Sequence[Reach]) -> Row:
    email, sms, *_ = reach
    said = (
        ("email", customer.email_consent, customer.email_consent_at, customer.email, email),
        ("sms", customer.sms_consent, customer.sms_consent_at, customer.phone, sms),
    )
    value = {
        channel: {
            "state": state,
            "at": at.astimezone(UTC).isoformat(timespec="seconds") if at else None,
            "address": address,
        }
        for channel, state, at, address, there in said
        if _is_carried(state, at, there)
    }
    is_first = any(each["state"] in NEGATIVE for each in value.values())
    return lane.pk, customer.external_id, value, FIRST if is_first else USUAL, not value


def _is_carried(state: str, at: datetime | None, reach: Reach) -> bool:
    """Say whether stores are told of a statement.

    A yes without a time would count there as said today, and one of somebody whose address is
    suppressed would have the store write to them.
    """
    if state in NEGATIVE:
        return True
    levels = ("yes",) if state == ConsentState.SUBSCRIBED else ("yes", "partly")
    return state in WRITABLE and at is not None and reach.level in levels


def _fields_row(lane: WriteLane, customer: StoreCustomer, currency: str) -> Row:
    money = {"amount": to_text(customer.net_minor, currency), "currency": currency}
    known = {
        "rfm_group": customer.rfm_group,
        "orders_count": customer.order_count,
        "lifetime_value": money if currency == lane.store.currency else None,
        "loyalty_points": customer.points,
    }
    chosen = lane.options.get("fields", ())
    value = {name: known[name] for name in chosen if known.get(name) not in ("", None)}
    return lane.pk, customer.external_id, value, USUAL, not value
