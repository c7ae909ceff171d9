"""People of changes that are taken back: those who came go, the others are what they were."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from crm.domain.channels import CHANNEL_WORDS
from crm.domain.permission import BEGINNING, restrictiveness
from crm.domain.snapshots import (
    CHANNELS,
    IDENTITY,
    STATEMENT,
    TAG,
    Flat,
    PutBack,
    channel_of,
    digest_flat,
    put_back,
    unflatten,
)
from crm.models import ConsentEvent, Identity, ProbableDuplicate, Profile, ProfileFacts, Touchpoint
from crm.services.erasure import AFTER_ERASE
from crm.services.events import append_events
from crm.services.finding_held import find_held
from crm.services.profiles import update_profiles
from crm.services.snapshots import read_people
from crm.services.tags import change_tags
from crm.types import Change, NewEvent, TakenBack
from kernel import clock
from kernel.arrays import array, columns
from kernel.sql import run_sql

DERIVED = {
    "crm_identity",
    "crm_consentevent",
    "crm_profilefacts",
    "crm_touchpoint",
    "crm_probableduplicate",
}
"""Tables whose rows about a person go with the person. Apps above add those that they derive, and
those whose rows balance out, when they start."""

USED: list[Callable[[Sequence[int]], set[int]]] = []
"""Called with ids of profiles; returns those of whom an app keeps something that must stay."""

OWN_EVENTS = (
    "Profile Created",
    "Profile Updated",
    "Consent Changed",
    "Suppression Changed",
    "Tags Changed",
)
"""What events say of a profile itself; they have no dedupe key."""
TOLD = "Import Undone"

ERASED = "They were merged into somebody or erased since."
CHANGED = "Something newer was said of them since."
IN_USE = "Something happened with them since: an order, a message, a note or a visit."


def take_back_people(changes: Sequence[Change], reason: str) -> TakenBack:
    """Take back what changes did to people; joins the caller's transaction."""
    now = read_people(change.object_id for change in changes)
    result = TakenBack()
    for change in changes:
        if change.object_id not in now:
            result.kept[change.object_id] = ERASED
    there = [change for change in changes if change.object_id in now]
    created = [change for change in there if change.before is None]
    _remove(created, now, result)
    _restore([change for change in there if change.before is not None], now, result, reason)
    return result


def _remove(changes: Sequence[Change], now: Mapping[int, Flat], result: TakenBack) -> None:
    same = []
    for change in changes:
        if digest_flat(now[change.object_id]) == change.after["digest"]:
            same.append(change)
        else:
            result.kept[change.object_id] = CHANGED
    used = _find_used(same)
    result.kept |= dict.fromkeys(used, IN_USE)
    gone = [change.object_id for change in same if change.object_id not in used]
    if gone:
        _empty(gone)
    result.removed = gone


def _find_used(changes: Sequence[Change]) -> set[int]:
    """Return of whom more is known than the changes brought."""
    ids = [change.object_id for change in changes]
    if not ids:
        return set()
    used = find_held(Profile, ids, DERIVED).union(*(ask(ids) for ask in USED))
    rows = run_sql("crm.find_used_by_events", ids=array(ids), names=array(OWN_EVENTS))
    used |= {row.profile_id for row in rows}
    own = {key for change in changes for key in _statements(change)}
    said = ConsentEvent.objects.filter(profile_id__in=ids).exclude(pk__in=own)
    used |= set(said.values_list("profile_id", flat=True))
    visits = Touchpoint.objects.filter(profile_id__in=ids)
    return used | set(visits.values_list("profile_id", flat=True))


def _empty(ids: Sequence[int]) -> None:
    """Empty the rows of people; unlike an erasure it keeps nobody from coming back."""
    wanted = array(ids)
    run_sql("crm.drop_events_of", ids=wanted, names=array(OWN_EVENTS))
    run_sql("crm.erase_events", ids=wanted)
    Identity.objects.filter(profile_id__in=ids).delete()
    ConsentEvent.objects.filter(profile_id__in=ids).delete()
    ProbableDuplicate.objects.filter(Q(one_id__in=ids) | Q(other_id__in=ids)).delete()
    ProfileFacts.objects.filter(profile_id__in=ids).delete()
    run_sql("crm.erase_profiles", ids=wanted, now=clock.now())
    run_sql("crm.forget_profiles", ids=wanted)
    for hook in AFTER_ERASE:
        hook(ids)


def _restore(
    changes: Sequence[Change], now: Mapping[int, Flat], result: TakenBack, reason: str
) -> None:
    if not changes:
        return
    ends = {}
    for change in changes:
        before, after = change.before or {}, change.after
        current = now[change.object_id]
        told = current["source_version_at"] not in (
            after["version"],
            before.get("source_version_at", after["version"]),
        )
        ends[change.object_id] = put_back(current, dict(before), dict(after), was_told_since=told)
    _drop_statements(changes, ends)
    fields = {key: unflatten(end.flat) for key, end in ends.items() if end.done}
    update_profiles(fields, clock.now())
    _drop_identities(ends)
    _take_tags(ends, reason)
    for key, end in ends.items():
        if end.kept:
            result.kept[key] = _explain(end)
        else:
            result.restored.append(key)
    _tell(now, ends, reason)


def _drop_statements(changes: Sequence[Change], ends: Mapping[int, PutBack]) -> None:
    """Forget what the changes said of consent where nobody said anything since."""
    doomed: list[int] = []
    open_channels: dict[int, set[str]] = {}
    for change in changes:
        end = ends[change.object_id]
        for key, channel in _statements(change).items():
            if not any(channel_of(name) == channel for name in end.kept):
                doomed.append(key)
                open_channels.setdefault(change.object_id, set()).add(channel)
    if not doomed:
        return
    ConsentEvent.objects.filter(pk__in=doomed).delete()
    held = _project(open_channels)
    for profile_id, channels in open_channels.items():
        flat = ends[profile_id].flat
        for channel in channels & CHANNELS.keys():
            state, at = held.get((profile_id, channel), ("never", None))
            flat[f"{channel}_consent"] = state
            flat[f"{channel}_consent_at"] = at.isoformat() if at else None


def _project(profile_ids: Iterable[int]) -> dict[tuple[int, str], tuple[str, datetime | None]]:
    """Return which statement holds for some people, by profile and channel."""
    best: dict[tuple[int, str], tuple[str, datetime | None]] = {}
    for row in run_sql("crm.list_statements", ids=array(profile_ids)):
        key = (row.profile_id, row.channel)
        said = (row.state, row.occurred_at)
        if key not in best or _weight(said) >= _weight(best[key]):
            best[key] = said
    return best


def _weight(said: tuple[str, datetime | None]) -> tuple[datetime, int]:
    return said[1] or BEGINNING, restrictiveness(said[0])


def _drop_identities(ends: Mapping[int, PutBack]) -> None:
    rows = [
        (profile_id, *name.removeprefix(IDENTITY).split(":", 1))
        for profile_id, end in ends.items()
        for name in end.done
        if name.startswith(IDENTITY)
    ]
    if rows:
        run_sql("crm.drop_identities", **columns("profile_id kind identifier", rows))


def _take_tags(ends: Mapping[int, PutBack], reason: str) -> None:
    """Take tags away; the changes of one import gave the same ones to everybody."""
    owners: dict[str, list[int]] = {}
    for profile_id, end in ends.items():
        for name in end.done:
            if name.startswith(TAG):
                owners.setdefault(name.removeprefix(TAG), []).append(profile_id)
    for tag, ids in owners.items():
        change_tags(ids, removed=[tag], actor=reason, is_backfill=True)


def _tell(now: Mapping[int, Flat], ends: Mapping[int, PutBack], reason: str) -> None:
    at = clock.now()
    events = []
    for profile_id, end in ends.items():
        if not end.done:
            continue
        events.append(_event(TOLD, profile_id, at, {"file": reason}))
        for channel in CHANNELS:
            name = f"{channel}_consent"
            old, new = now[profile_id][name], end.flat[name]
            if old != new:
                said = {"channel": channel, "before": old, "state": new}
                events.append(_event("Consent Changed", profile_id, at, said))
    append_events(events, now=at)


def _event(name: str, profile_id: int, at: datetime, said: Mapping[str, Any]) -> NewEvent:
    return NewEvent(
        name=name,
        occurred_at=at,
        source="system",
        profile_id=profile_id,
        object_id=profile_id,
        properties=said,
        is_backfill=True,
    )


def _statements(change: Change) -> dict[int, str]:
    return {
        int(name.removeprefix(STATEMENT)): channel
        for name, channel in change.after.items()
        if name.startswith(STATEMENT)
    }


def _explain(end: PutBack) -> str:
    names = sorted({_word(name) for name in end.kept})
    return f"Stays as something newer left it: {', '.join(names)}."


def _word(name: str) -> str:
    if channel := channel_of(name):
        return f"{CHANNEL_WORDS[channel]} consent"
    for prefix in (IDENTITY, TAG):
        if name.startswith(prefix):
            kind = name.removeprefix(prefix).partition(":")[0]
            return {"customer_id": "customer id"}.get(kind, kind) if prefix == IDENTITY else "tag"
    return name.removeprefix("properties.").replace("_", " ")
