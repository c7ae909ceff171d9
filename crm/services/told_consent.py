"""Consent as others tell of it: each statement counts from its own time, whenever it comes.

What was said last holds, the more restrictive of two equals (`crm.domain.permission`), so a “yes”
that comes late never goes over a “no” of since. What does not hold is kept as proof.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from crm.choices import ConsentState, EventSource
from crm.domain.fields import ProfileFields, learn_consent
from crm.domain.permission import CHANNELS, counts_from
from crm.models import ConsentEvent
from crm.services.batch import NEW, UNCHANGED, UPDATED, Batch, Item
from crm.services.claims import Claim
from crm.services.events import append_events
from crm.services.ids import lock_final_profiles
from crm.services.profiles import (
    Statement,
    append_statements,
    load_fields,
    update_profiles,
)
from crm.types import ConsentRecord, NewEvent
from kernel import clock
from kernel.errors import NotFound


class Withdrawal(NamedTuple):
    """Somebody wants no marketing on a channel any more, as a server tells.

    Attributes:
        occurred_at: aware; a later yes of theirs holds.
        method: such as ``complaint``.
    """

    profile_id: int
    channel: str
    occurred_at: datetime
    method: str
    detail: str = ""


class Change(NamedTuple):
    """A channel on which the permission is another than before, and how that was said."""

    profile_id: int
    channel: str
    before: str
    state: str
    at: datetime
    method: str


@transaction.atomic
def record_told(
    profile_id: int, channel: str, state: str, *, occurred_at: datetime, **proof: Any
) -> bool:
    """Record what somebody said about one channel some time ago, as a program tells it now.

    A repeat changes nothing.

    Args:
        profile_id: a merged one stands for its winner.
        channel: a word of `Channel`.
        state: a word of `ConsentState`.
        occurred_at: when it was said, aware.
        proof: the other parts, as of `consent.record_consent`.

    Returns:
        Whether it was not known, also of what does not hold.

    Raises:
        NotFound: no such profile.
    """
    now = clock.now()
    final = lock_final_profiles([profile_id]).get(profile_id)
    if final is None:
        raise NotFound(f"no profile {profile_id}")
    known = load_fields([final])
    before = {final: known[final].copy()}
    said: dict[str, Any] = {"profile_id": final, "channel": channel, "topic": "", "state": state}
    said["occurred_at"] = occurred_at
    if ConsentEvent.objects.filter(**said).exists():
        return False
    learn_consent(known[final], channel, state, occurred_at, now)
    ConsentEvent.objects.create(**said, **proof, recorded_at=now)
    if known == before:
        return True
    update_profiles(known, now)
    statement = Statement(final, channel, state, occurred_at, str(proof["method"]))
    changes = _changes(before, known, [statement], now)
    append_events([tell_change(one, str(EventSource.SYSTEM)) for one in changes], now=now)
    return True


def apply_consents(
    batch: Batch, items: Iterable[Item[ConsentRecord]], claims: dict[int, Claim]
) -> None:
    """Append the statements of a batch and let each change the projection where it holds.

    Args:
        batch: collects outcomes and events.
        items: in order of arrival.
        claims: resolved, by place of the record.
    """
    named = [(item, claims[item.index]) for item in items]
    known = load_fields(claim.profile_id for _, claim in named if claim.profile_id is not None)
    before = {profile_id: fields.copy() for profile_id, fields in known.items()}
    statements = []
    for item, claim in named:
        record = item.record
        if claim.profile_id is None:
            batch.reject(item.index, "erased" if claim.is_blocked else "nobody is named")
            continue
        batch.outcomes[item.index] = NEW if claim.is_new else UNCHANGED
        is_news = record.channel not in CHANNELS or learn_consent(
            known[claim.profile_id], record.channel, record.state, record.occurred_at, batch.now
        )
        if is_news:
            batch.outcomes[item.index] = NEW if claim.is_new else UPDATED
            statements.append(_statement(batch, record, claim.profile_id))
    changed = {key: fields for key, fields in known.items() if fields != before[key]}
    update_profiles(changed, batch.now)
    append_statements(statements, batch.now)
    for change in _changes(before, changed, statements, batch.now):
        event = tell_change(change, batch.source)
        batch.events.append(replace(event, is_backfill=batch.is_backfill))


@transaction.atomic(savepoint=False)
def withdraw_many(withdrawals: Sequence[Withdrawal]) -> list[int]:
    """Record for many people that they want no marketing; joins the caller's transaction.

    Whatever was said last holds; what is not news is left out, so a repeat changes nothing.

    Args:
        withdrawals: of any profiles, merged ones stand for their winners.

    Returns:
        Ids of the profiles whose permission changed.
    """
    now = clock.now()
    final = lock_final_profiles(each.profile_id for each in withdrawals)
    known = load_fields(final.values())
    before = {profile_id: fields.copy() for profile_id, fields in known.items()}
    statements = []
    for each in withdrawals:
        fields = known.get(final.get(each.profile_id, 0))
        if fields is None:
            continue
        profile_id, state = final[each.profile_id], str(ConsentState.UNSUBSCRIBED)
        if each.channel not in CHANNELS or learn_consent(
            fields, each.channel, state, each.occurred_at, now
        ):
            statements.append(
                Statement(
                    profile_id, each.channel, state, each.occurred_at, each.method, each.detail
                )
            )
    changed = {key: fields for key, fields in known.items() if fields != before[key]}
    update_profiles(changed, now)
    append_statements(statements, now)
    changes = _changes(before, changed, statements, now)
    append_events([tell_change(one, str(EventSource.SYSTEM)) for one in changes], now=now)
    return sorted(changed)


def _changes(
    before: Mapping[int, ProfileFields],
    changed: Mapping[int, ProfileFields],
    statements: Iterable[Statement],
    now: datetime,
) -> list[Change]:
    """Return each channel on which the permission is another than before, and who said so last."""
    methods = {(one.profile_id, one.channel, one.state): one.method for one in statements}
    found = []
    for profile_id, fields in changed.items():
        for channel in CHANNELS:
            old = getattr(before[profile_id], f"{channel}_consent")
            new = getattr(fields, f"{channel}_consent")
            at = getattr(fields, f"{channel}_consent_at") or now
            if old != new:
                method = methods.get((profile_id, channel, new), "")
                found.append(Change(profile_id, channel, old, new, at, method))
    return found


def _statement(batch: Batch, record: ConsentRecord, profile_id: int) -> Statement:
    return Statement(
        profile_id=profile_id,
        channel=record.channel,
        state=record.state,
        occurred_at=counts_from(record.state, record.occurred_at, batch.now),
        method=record.method or batch.platform,
        detail=record.detail,
    )


def tell_change(change: Change, source: str) -> NewEvent:
    """Return the event that tells of another permission than before."""
    return NewEvent(
        name="Consent Changed",
        occurred_at=change.at,
        source=source,
        profile_id=change.profile_id,
        object_id=change.profile_id,
        properties={
            "channel": change.channel,
            "before": change.before,
            "state": change.state,
            "method": change.method,
        },
    )
