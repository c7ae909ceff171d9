"""What people do on site, in app and elsewhere: events, each once."""

from collections.abc import Mapping, Sequence

from crm.models import EventKey
from crm.services.batch import NEW, UNCHANGED, UPDATED, Batch, Item
from crm.services.claims import Claim
from crm.types import EventRecord, NewTouch, TrackedRecord

ERASED, NOBODY = "erased", "nobody"
"""Outcomes of tracked calls: of somebody who was erased, left out; of nobody who can be told from
others, kept without a profile."""


def note_behaviour(
    batch: Batch,
    events: Sequence[Item[EventRecord]],
    tracked: Sequence[Item[TrackedRecord]],
    claims: Mapping[int, Claim],
) -> None:
    """Note what people did; an event whose key was seen before ends as unchanged."""
    _note_events(batch, events, claims)
    _note_tracked(batch, tracked, claims)


def _note_events(
    batch: Batch, items: Sequence[Item[EventRecord]], claims: Mapping[int, Claim]
) -> None:
    seen = _find_seen([item.record.dedupe_key for item in items])
    for item in items:
        claim = claims[item.index]
        if claim.profile_id is None:
            batch.reject(item.index, "erased" if claim.is_blocked else "nobody is named")
        else:
            _note(batch, item, claim.profile_id, seen)


def _note_tracked(
    batch: Batch, items: Sequence[Item[TrackedRecord]], claims: Mapping[int, Claim]
) -> None:
    """Note what people did on the site or in the app, and when they were last there."""
    seen = _find_seen([item.record.dedupe_key for item in items])
    for item in items:
        record, claim = item.record, claims[item.index]
        profile_id = claim.profile_id
        if claim.is_blocked:
            batch.outcomes[item.index] = ERASED
            continue
        if record.name:
            _note(batch, item, profile_id, seen)
        if profile_id is None:
            batch.outcomes[item.index] = NOBODY
            continue
        if not record.name:
            batch.outcomes[item.index] = _word(claim)
        if record.is_visit and claim.is_known:
            last = batch.seen.get(profile_id, record.occurred_at)
            batch.seen[profile_id] = max(last, record.occurred_at)
        if record.origin is not None:
            key = f"visit:{record.dedupe_key}"
            batch.touches.append(NewTouch(key, profile_id, record.occurred_at, record.origin))


def _note(
    batch: Batch,
    item: Item[EventRecord] | Item[TrackedRecord],
    profile_id: int | None,
    seen: set[str],
) -> None:
    record = item.record
    key = f"event:{record.dedupe_key}" if record.dedupe_key else ""
    if key and key in seen:
        batch.outcomes[item.index] = UNCHANGED
        return
    seen.add(key)
    batch.outcomes[item.index] = NEW
    batch.add_event(
        record.name,
        record.occurred_at,
        profile_id=profile_id,
        object_id=None,
        properties=dict(record.properties),
        dedupe_key=key,
    )


def _find_seen(dedupe_keys: Sequence[str]) -> set[str]:
    keys = [f"event:{key}" for key in dedupe_keys if key]
    if not keys:
        return set()
    found = EventKey.objects.filter(dedupe_key__in=keys)
    return set(found.values_list("dedupe_key", flat=True))


def _word(claim: Claim) -> str:
    if claim.is_new:
        return NEW
    return UPDATED if claim.is_changed else UNCHANGED
