"""What a merchant and other apps ask of writing to stores: lanes on and off, codes, another try."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import transaction
from django.db.models import F, QuerySet

from crm.choices import StoreStatus
from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from kernel.scope import current_tenant_id
from kernel.work import ring
from stores.choices import WriteKind, WriteState
from stores.domain.codes import CodeTerms, clean_code, stamp
from stores.domain.write_words import FIELDS
from stores.domain.writing import MAX_PREFIX, USUAL
from stores.models import Connection, StoreWrite, WriteLane
from stores.platforms import WRITERS
from stores.services.lanes import wake_lanes
from stores.services.wishing import (
    PEOPLE,
    WRITES,
    find_clash,
    keep_wishes,
    list_segment_words,
)
from tenants.services import audit

NOT_CONNECTED: Final = "This store is not connected, so nothing is written to it"
NOT_WRITTEN: Final = "Stores of this platform are not written to"
CODES_OFF: Final = "Discount codes are not written to this store; switch them on first"
BY_SEGMENT: Final = "Segments are switched on and off on their own pages, under In shops"
NOTHING_ON: Final = "Nothing is written to this store"
SWITCHED_OFF: Final = "Switched off before it was written"
NAMED: Final = 20
"""Codes of one request that the audit trail names; how many there were it always says."""
MOST_CODES: Final = 1_000
"""Codes that can be asked for together."""


@dataclass(frozen=True, slots=True)
class CodeState:
    """What became of a code at a store.

    Attributes:
        state: a `WriteState` word: ``sent`` means that the store has it as it was wished.
        is_active: whether it shall be usable.
        reason: why it was refused or waits again, for people.
    """

    code: str
    state: str
    is_active: bool
    reason: str


@transaction.atomic
def switch_on(store_id: int, kind: str, options: Mapping[str, Any], *, actor: str) -> bool:
    """Write one kind of things to a store from now on, and what is known of everybody so far.

    Args:
        store_id: a connected store of the active tenant whose platform can be written to.
        kind: a word of `WriteKind`.
        options: of tags the ``prefix``; of figures the ``fields``, words of `FIELDS`.
        actor: e-mail address of the member.

    Returns:
        False where it is so already.

    Raises:
        Conflict: the tenant has no such connected store, or a segment gives there what one of
            people's tags would be.
        Invalid: the platform does not take it, or an option breaks a rule.
    """
    _refuse_segments(kind)
    lane = lock_lane(store_id, kind)
    chosen = _check_options(kind, options)
    if lane.is_on and lane.options == chosen:
        return False
    if kind == WriteKind.TAGS:
        _refuse_taken(store_id, chosen["prefix"])
    now = clock.now()
    _update(
        lane,
        is_on=True,
        options=chosen,
        due_at=now,
        fill_after=0 if kind in PEOPLE else None,
        tries=0,
        detail="",
        changed_at=now,
    )
    _record(lane, {"is_on": True, **chosen}, actor)
    ring(WRITES, current_tenant_id())
    return True


@transaction.atomic
def switch_off(store_id: int, kind: str, *, actor: str) -> bool:
    """Write one kind of things to a store no more; what was written stays there.

    Returns:
        False where it is off already.

    Raises:
        Conflict: the tenant has no such connected store.
        Invalid: the platform does not take it.
    """
    _refuse_segments(kind)
    lane = lock_lane(store_id, kind)
    if not lane.is_on:
        return False
    rest(lane)
    _record(lane, {"is_on": False}, actor)
    return True


def rest(lane: WriteLane, **values: Any) -> None:
    """Switch a lane off that the caller holds, and drop what waits on it."""
    off = {"is_on": False, "due_at": None, "fill_after": None, "tries": 0, "detail": ""}
    _update(lane, **off, changed_at=clock.now(), **values)
    waiting = StoreWrite.objects.filter(lane_id=lane.pk, state=WriteState.WAITING)
    # The value goes, so that the same wish is a new one should the lane be switched on again; a
    # code keeps its terms, and is made when it is asked for again.
    gone: dict[str, Any] = {} if lane.kind == WriteKind.CODES else {"value": {}}
    waiting.update(
        state=WriteState.SUPERSEDED, reason=SWITCHED_OFF, version=F("version") + 1, **gone
    )


@transaction.atomic
def retry_writes(store_id: int, *, actor: str) -> int:
    """Let everything that a store refused be tried once more, and what rests at once.

    Returns:
        Refused things that wait again.

    Raises:
        NotFound: nothing is written to the store.
    """
    lanes = WriteLane.objects.select_for_update(no_key=True).filter(store_id=store_id, is_on=True)
    ids = [lane.pk for lane in lanes.order_by("pk")]
    if not ids:
        raise NotFound(NOTHING_ON)
    now = clock.now()
    refused = StoreWrite.objects.filter(lane_id__in=ids, state=WriteState.REFUSED)
    count = refused.update(state=WriteState.WAITING, attempts=0, reason="", due_at=now)
    wake_lanes(store_id)
    audit.record("store.writes_retried", "store", store_id, after={"waiting": count}, actor=actor)
    return count


def request_code(
    store_id: int, code: str, terms: CodeTerms, *, actor: str = audit.SYSTEM
) -> CodeState:
    """Have a store take a discount code; asking again for the same one changes nothing.

    Args:
        store_id: a connected store whose codes are written.
        code: letters, digits, ``-`` and ``_``, at most 50; capitals play no part.
        terms: of the code, money in the store's currency.
        actor: member or key that asked.

    Returns:
        What became of it so far.

    Raises:
        Invalid: the code or its terms break a rule, or the platform takes none.
        Conflict: the store is not connected, its codes are not written, or this one was asked for
            with other terms.
    """
    return request_codes(store_id, [code], terms, actor=actor)[0]


@transaction.atomic
def request_codes(
    store_id: int, codes: Sequence[str], terms: CodeTerms, *, actor: str = audit.SYSTEM
) -> list[CodeState]:
    """Have a store take many codes of the same terms, in a handful of statements.

    Nothing is asked for where one of them breaks a rule or has other terms.

    Args:
        store_id: as of `request_code`.
        codes: at most 1,000.
        terms: of each of them.
        actor: member or key that asked; what flows ask for is not in the audit trail.

    Returns:
        What became of them so far, in the order given.

    Raises:
        Invalid, Conflict: as of `request_code`.
    """
    cleaned = [clean_code(code) for code in codes]
    if not all(cleaned) or len(codes) > MOST_CODES:
        raise Invalid("A code is made of letters, digits, - and _, at most 50 of them")
    now = clock.now()
    dated = terms if terms.starts_at else replace(terms, starts_at=now.replace(microsecond=0))
    if fault := dated.find_fault():
        raise Invalid(fault)
    lane = _lock_codes(store_id)
    shared: dict[str, Any] = {"is_active": True, "terms": dated.as_value(), "asked_at": stamp(now)}
    wanted: dict[str, dict[str, Any]] = {code.upper(): {"code": code, **shared} for code in cleaned}
    known = {row.subject: row for row in _codes(lane, wanted)}
    for subject, row in known.items():
        if not row.value.get("is_active") or not _agrees(row.value["terms"], terms):
            raise Conflict(f"The code {subject} was asked for before, with other terms")
    new = [
        (lane.pk, subject, value, USUAL, False)
        for subject, value in wanted.items()
        if subject not in known
    ]
    # What was dropped when the lane was switched off is wished anew, so it must not look the same.
    new += [
        (lane.pk, subject, {**wanted[subject], "again": row.version}, USUAL, False)
        for subject, row in known.items()
        if row.state == WriteState.SUPERSEDED
    ]
    keep_wishes(lane, new)
    if new and actor != audit.SYSTEM:
        after = {"codes": [row[1] for row in new[:NAMED]], "count": len(new), **shared["terms"]}
        audit.record("store.codes_asked", "store", store_id, after=after, actor=actor)
    known = {row.subject: row for row in _codes(lane, wanted)}
    return [_tell(known[code.upper()]) for code in cleaned]


@transaction.atomic
def deactivate_code(store_id: int, code: str, *, actor: str = audit.SYSTEM) -> CodeState:
    """Have a store take a code no more; a repeat changes nothing.

    Raises:
        NotFound: the store was never asked to take this code.
        Invalid: the platform takes none.
        Conflict: the store is not connected, or its codes are not written.
    """
    lane = _lock_codes(store_id)
    row = _codes(lane, [code.strip().upper()]).first()
    if row is None:
        raise NotFound(f"The code {code} was never asked for")
    # An end that was dropped when the lane was switched off is wished anew.
    is_dropped = row.state == WriteState.SUPERSEDED
    if row.value.get("is_active") or is_dropped:
        value = {**row.value, "is_active": False, "ended_at": stamp(clock.now())}
        if is_dropped:
            value["again"] = row.version
        keep_wishes(lane, [(lane.pk, row.subject, value, USUAL, False)])
        if actor != audit.SYSTEM:
            after = {"code": row.subject}
            audit.record("store.code_ended", "store", store_id, after=after, actor=actor)
    return _tell(_codes(lane, [row.subject]).get())


@transaction.atomic
def find_code(store_id: int, code: str) -> CodeState | None:
    """Return what became of a code at a store; None where it was never asked for."""
    rows = StoreWrite.objects.filter(
        lane__store_id=store_id, lane__kind=WriteKind.CODES, subject=code.strip().upper()
    )
    row = rows.first()
    return None if row is None else _tell(row)


def _agrees(kept: Mapping[str, Any], terms: CodeTerms) -> bool:
    """Say whether a code was asked for with these terms; no beginning agrees with any."""
    wanted = terms.as_value()
    if terms.starts_at is None:
        wanted["starts_at"] = kept["starts_at"]
    return wanted == kept


def _lock_codes(store_id: int) -> WriteLane:
    lane = lock_lane(store_id, WriteKind.CODES)
    if not lane.is_on:
        raise Conflict(CODES_OFF)
    return lane


def _codes(lane: WriteLane, subjects: Iterable[str]) -> QuerySet[StoreWrite]:
    return StoreWrite.objects.filter(lane_id=lane.pk, subject__in=list(subjects))


def _tell(row: StoreWrite) -> CodeState:
    code = row.value.get("code", row.subject)
    return CodeState(code, row.state, bool(row.value.get("is_active")), row.reason)


def _refuse_segments(kind: str) -> None:
    if kind == WriteKind.SEGMENTS:
        raise Invalid(BY_SEGMENT)


def _refuse_taken(store_id: int, prefix: str) -> None:
    """Refuse tags of which a segment gives one: of two givers neither knows when to take it."""
    if word := find_clash(prefix, list_segment_words(store_id)):
        raise Conflict(f"A segment gives the tag {word} there; choose another prefix")


def lock_lane(store_id: int, kind: str) -> WriteLane:
    """Return a lane, locked; it is made where there is none.

    Raises:
        Conflict: the tenant has no such connected store.
        Invalid: the platform does not take it.
    """
    found = Connection.objects.select_related("store").filter(
        store_id=store_id, store__status=StoreStatus.CONNECTED
    )
    connection = found.first()
    if connection is None:
        raise Conflict(NOT_CONNECTED)
    writer = WRITERS.get(connection.store.platform)
    if writer is None or kind not in writer.scopes:
        raise Invalid(NOT_WRITTEN)
    WriteLane.objects.get_or_create(store_id=store_id, kind=kind)
    return WriteLane.objects.select_for_update(no_key=True).get(store_id=store_id, kind=kind)


def _check_options(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    match kind:
        case WriteKind.TAGS:
            prefix = " ".join(str(options.get("prefix", "")).split()).lstrip()
            if len(prefix) > MAX_PREFIX or "," in prefix or not prefix.isprintable():
                raise Invalid(
                    f"A prefix has at most {MAX_PREFIX} signs and no comma",
                    fields={"prefix": f"At most {MAX_PREFIX} signs, no comma."},
                )
            return {"prefix": prefix}
        case WriteKind.FIELDS:
            chosen = [name for name in FIELDS if name in set(options.get("fields", ()))]
            if not chosen:
                raise Invalid("Choose what is written", fields={"fields": "Choose one at least."})
            return {"fields": chosen}
        case _:
            return {}


def _record(lane: WriteLane, after: dict[str, Any], actor: str) -> None:
    before = {"is_on": lane.is_on, **lane.options}
    audit.record(
        "store.writing_changed",
        "store",
        lane.store_id,
        before={"kind": lane.kind, **before},
        after={"kind": lane.kind, **after},
        actor=actor,
    )


def _update(lane: WriteLane, **values: Any) -> None:
    WriteLane.objects.filter(pk=lane.pk).update(**values)
