"""Consent as it is said here and now, and addresses that must not be contacted."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction

from crm.choices import ConsentState, EventSource, SuppressionReason, SuppressionScope
from crm.domain.checking import EARLIEST
from crm.domain.identifiers import normalize_email
from crm.domain.permission import ADDRESSED, CHANNELS, NEGATIVE
from crm.models import ConsentEvent, Suppression
from crm.queries.statements import wants_back
from crm.services.addresses import address_hash, normal_address
from crm.services.events import append_events
from crm.services.ids import lock_final_profiles
from crm.services.profiles import (
    load_fields,
    update_profiles,
)
from crm.services.told_consent import Change, tell_change
from crm.types import NewEvent
from kernel import clock
from kernel.arrays import array, columns
from kernel.errors import Invalid, NotFound
from kernel.sql import run_sql

__all__ = [
    "address_hash",
    "lift_many",
    "lift_suppression",
    "note_wish",
    "record_consent",
    "suppress",
    "suppress_hashes",
    "suppress_many",
]

COMING_BACK = "wish to come back"
"""Topic under which a wish is kept that changes nothing until its mailbox confirms it."""
FROM_FILE = "import"
"""Method of statements that a file brings."""
_SCOPES = {str(SuppressionReason.MANUAL): str(SuppressionScope.PROMOTIONAL)}
_LIVE_SCOPES = {**_SCOPES, str(SuppressionReason.SPAM_COMPLAINT): str(SuppressionScope.PROMOTIONAL)}


class Stopped(NamedTuple):
    """An address of which more is stopped now than before; a new one was not suppressed so."""

    id: int
    channel: str
    address: str
    reason: str
    scope: str
    is_new: bool


@transaction.atomic
def record_consent(  # noqa: PLR0913 the parts of a proof, each named at the call
    profile_id: int,
    channel: str,
    state: str,
    *,
    method: str,
    topic: str = "",
    occurred_at: datetime | None = None,
    detail: str = "",
    text_version: str = "",
    ip: str | None = None,
    user_agent: str = "",
    source_url: str = "",
    actor: str = "",
) -> bool:
    """Record what a shopper or member has just said about one channel, with its proof.

    It holds from now on, even over a statement with a later time; what a program tells of what was
    said before is for `told_consent.record_told`. Saying again what holds
    already records nothing, but for a “no” that could be let go of otherwise: one that only a
    file had said, for whose import may be undone, and one after which they asked to come back.

    Args:
        profile_id: a merged one stands for its winner.
        channel: a word of `Channel`.
        state: a word of `ConsentState`.
        method: such as ``one_click``, ``preference_page``, ``manual``.
        topic: what it is about within the channel; empty for all of it. A statement about a topic
            is proof alone: it changes neither the projection nor what others hear.
        occurred_at: aware; the present by default.
        detail: what else is known, such as the campaign.
        text_version: of the words that were agreed to.
        ip: of the request.
        user_agent: of the request.
        source_url: page on which it was said.
        actor: member or key that acted for the shopper.

    Returns:
        Whether anything changed.

    Raises:
        NotFound: no such profile.
        Invalid: the time is one of which no event is kept.
    """
    now = clock.now()
    final = lock_final_profiles([profile_id]).get(profile_id)
    if final is None:
        raise NotFound(f"no profile {profile_id}")
    said_at = occurred_at or now
    if said_at < EARLIEST:
        raise Invalid(f"{said_at.isoformat()} is no time at which somebody could say so")
    before = _known_state(final, channel, topic)
    if before == state and not (state in NEGATIVE and _may_be_let_go(final, channel, topic)):
        return False
    if channel in CHANNELS and not topic:
        said_at = _project(final, channel, state, said_at)
    ConsentEvent.objects.create(
        profile_id=final,
        channel=channel,
        topic=topic,
        state=state,
        method=method,
        text_version=text_version,
        detail=detail,
        ip=ip,
        user_agent=user_agent,
        source_url=source_url,
        actor=actor,
        occurred_at=said_at,
        recorded_at=now,
    )
    if before == state:
        return False
    if topic:
        return True
    change = Change(final, channel, before, state, said_at, method)
    append_events([tell_change(change, str(EventSource.SYSTEM))], now=now)
    return True


@transaction.atomic
def note_wish(profile_id: int, channel: str, *, occurred_at: datetime, **proof: Any) -> None:
    """Keep that somebody who said no asked to come back, as proof alone: their “no” holds on.

    Once only, until they say something else.

    Args:
        profile_id: no merged one.
        channel: a word of `Channel`.
        occurred_at: aware.
        proof: the other parts, as of `record_consent`.
    """
    lock_final_profiles([profile_id])
    if wants_back(profile_id, channel):
        return
    ConsentEvent.objects.create(
        profile_id=profile_id,
        channel=channel,
        topic=COMING_BACK,
        state=ConsentState.PENDING,
        occurred_at=occurred_at,
        recorded_at=clock.now(),
        **proof,
    )


@transaction.atomic
def suppress(  # noqa: PLR0913 what is kept of an address, each named at the call
    channel: str,
    address: str,
    reason: str,
    scope: str = SuppressionScope.ALL,
    *,
    until: datetime | None = None,
    occurred_at: datetime | None = None,
    detail: str = "",
    actor: str = "",
) -> bool:
    """Never contact an address again, or not before ``until``; a repeat changes nothing.

    One that has run out begins anew. One in force is widened to what is asked, never narrowed.

    Args:
        channel: a word of `Channel`.
        address: as typed; numbers in E.164.
        reason: a word of `SuppressionReason`.
        scope: a word of `SuppressionScope`.
        until: aware; None means for ever.
        occurred_at: when somebody said so, aware; what was said last dates it. None: now.
        detail: why, in words.
        actor: member or key that says so; empty for a server.

    Returns:
        Whether more is stopped for this reason than before.
    """
    now = clock.now()
    wanted = [(channel, normal_address(address), reason, scope)]
    is_more = bool(_stop(wanted, now, until=until, detail=detail, actor=actor))
    if occurred_at is not None:
        _date_stop(channel, address, reason, occurred_at, is_more=is_more)
    if is_more:
        _tell_stops([(channel, address)], now, is_stopped=True)
    return is_more


def _date_stop(channel: str, address: str, reason: str, at: datetime, *, is_more: bool) -> None:
    """Let a suppression count from when it was said; one that was there from the last time."""
    found = Suppression.objects.filter(
        channel=channel, address_hash=address_hash(channel, address), reason=reason
    )
    (found if is_more else found.filter(created_at__lt=at)).update(created_at=at)


@transaction.atomic
def lift_suppression(channel: str, address: str, reason: str) -> bool:
    """Take a suppression back; returns whether there was one."""
    deleted, _ = Suppression.objects.filter(
        channel=channel, address_hash=address_hash(channel, address), reason=reason
    ).delete()
    if deleted:
        _tell_stops([(channel, address)], clock.now(), is_stopped=False)
    return deleted > 0


def suppress_hashes(hashes: Iterable[tuple[str, str]], reason: str, now: datetime) -> None:
    """Suppress many digests at once, given as channel and digest, and forget their addresses."""
    rows = sorted(set(hashes))
    if rows:
        params = columns("channels hashes", rows)
        run_sql("crm.add_suppressions", reason=reason, now=now, **params)


def suppress_many(
    stops: Iterable[tuple[str, str, str]],
    *,
    detail: str = "",
    actor: str = "",
    is_history: bool = True,
) -> list[Stopped]:
    """Suppress many addresses at once; a repeat changes nothing. Joins the caller's transaction.

    One that has run out begins anew; one in force is widened, never narrowed.

    Args:
        stops: channel, address and a word of `SuppressionReason`; what a member suppressed, or
            somebody marked as spam just now, is kept from promotions alone.
        detail: why all of them, in words.
        actor: member or key that says so.
        is_history: False: it has just happened, and starts what such news starts.

    Returns:
        Those of which more is stopped than before.
    """
    wanted = sorted({(channel, normal_address(at), why) for channel, at, why in stops})
    if not wanted:
        return []
    now = clock.now()
    scopes = _SCOPES if is_history else _LIVE_SCOPES
    scoped = [(*stop, scopes.get(stop[2], str(SuppressionScope.ALL))) for stop in wanted]
    added = _stop(scoped, now, until=None, detail=detail, actor=actor)
    addresses = {(row.channel, row.address) for row in added if row.address}
    _tell_stops(sorted(addresses), now, is_stopped=True, is_backfill=is_history)
    return added


def _stop(
    wanted: Iterable[tuple[str, str, str, str]],
    now: datetime,
    *,
    until: datetime | None,
    detail: str,
    actor: str,
) -> list[Stopped]:
    """Suppress channel, address, reason and scope, each for itself."""
    rows = [
        (channel, address_hash(channel, at), at, why, scope) for channel, at, why, scope in wanted
    ]
    params = columns("channels hashes addresses reasons scopes", rows)
    said = {"until": until, "detail": detail, "actor": actor}
    return [Stopped(*row) for row in run_sql("crm.add_stops", now=now, **said, **params)]


@transaction.atomic
def lift_many(suppression_ids: Iterable[int]) -> list[int]:
    """Take suppressions back; ids that are not there, or belong to the erased, are left out.

    Returns:
        Ids of those that are gone now.
    """
    found = Suppression.objects.filter(pk__in=list(suppression_ids))
    rows = list(found.exclude(reason=SuppressionReason.ERASED).order_by("pk").select_for_update())
    Suppression.objects.filter(pk__in=[row.pk for row in rows]).delete()
    addresses = {(row.channel, row.address) for row in rows if row.address}
    _tell_stops(sorted(addresses), clock.now(), is_stopped=False, is_backfill=len(rows) > 1)
    return [row.pk for row in rows]


def _tell_stops(
    addresses: Sequence[tuple[str, str]],
    now: datetime,
    *,
    is_stopped: bool,
    is_backfill: bool = False,
) -> None:
    """Tell of the people whose addresses are stopped, or are so no more."""
    if not addresses:
        return
    held: dict[str, set[str]] = {channel: set() for channel in ADDRESSED}
    for channel, address in addresses:
        if channel in held:
            held[channel].add(normalize_email(address) if channel == "email" else address.strip())
    found = run_sql(
        "crm.find_addressed", **{name: array(sorted(held[name] - {""})) for name in held}
    )
    events = [
        NewEvent(
            name="Suppression Changed",
            occurred_at=now,
            source=EventSource.SYSTEM,
            profile_id=row.profile_id,
            properties={"channel": row.channel, "is_stopped": is_stopped},
            is_backfill=is_backfill,
        )
        for row in found
    ]
    append_events(events, now=now)


def _known_state(profile_id: int, channel: str, topic: str) -> str:
    if channel in CHANNELS and not topic:
        return str(getattr(load_fields([profile_id])[profile_id], f"{channel}_consent"))
    last = _last_said(profile_id, channel, topic)
    return last.state if last else str(ConsentState.NEVER)


def _may_be_let_go(profile_id: int, channel: str, topic: str) -> bool:
    last = _last_said(profile_id, channel, topic, among=NEGATIVE)
    is_of_file = last is not None and last.method == FROM_FILE
    return is_of_file or (not topic and wants_back(profile_id, channel))


def _last_said(
    profile_id: int, channel: str, topic: str, among: Collection[str] = ConsentState.values
) -> ConsentEvent | None:
    said = ConsentEvent.objects.filter(profile_id=profile_id, channel=channel, topic=topic)
    return said.filter(state__in=among).order_by("-recorded_at", "-pk").first()


def _project(profile_id: int, channel: str, state: str, said_at: datetime) -> datetime:
    """Make a statement hold; returns the time from which it counts."""
    fields = load_fields([profile_id])[profile_id]
    held_at = getattr(fields, f"{channel}_consent_at")
    at = said_at if held_at is None or said_at > held_at else held_at + timedelta(microseconds=1)
    setattr(fields, f"{channel}_consent", state)
    setattr(fields, f"{channel}_consent_at", at)
    update_profiles({profile_id: fields}, clock.now())
    return at
