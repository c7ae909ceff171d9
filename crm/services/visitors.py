"""Identifiers of browsers and devices, which many people may have."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from crm.domain.likeness import score
from crm.domain.resolution import Key, Person, Register
from crm.services.claims import Claim
from kernel.arrays import columns
from kernel.sql import run_sql

FORGET_AFTER = timedelta(days=400)
"""An anonymous id that did not come for so long says nobody any more."""
TOUCH_AFTER = timedelta(days=1)
"""That an id came again is written at most so often."""


class WeakRow(NamedTuple):
    """A weak identifier that is stored."""

    kind: str
    value_norm: str
    profile_id: int
    is_shared: bool


class Drafted(Protocol):
    """A person whose profile is known."""

    @property
    def profile_id(self) -> int:
        """Id of the profile."""

    @property
    def person(self) -> Person:
        """Who they are in the register."""


def find_weak(claims: Iterable[Claim], now: datetime) -> list[WeakRow]:
    """Return what is stored of the weak identifiers of some claims, and note that they came.

    Those that are too old are forgotten.
    """
    seen: dict[Key, datetime] = {}
    for claim in claims:
        for key in claim.weak:
            seen[key] = max(claim.first_at, seen.get(key, claim.first_at))
    if not seen:
        return []
    rows = [(*key, at) for key, at in sorted(seen.items())]
    params = columns("kinds identifiers times", rows)
    run_sql("crm.forget_weak", before=now - FORGET_AFTER, **params)
    found = run_sql("crm.touch_weak", grace=TOUCH_AFTER, **params)
    return [WeakRow(row.kind, row.value_norm, row.profile_id, row.is_shared) for row in found]


def note_doubts(register: Register, drafts: Sequence[Drafted], now: datetime) -> None:
    """Store which weak identifiers turned out to be shared, and who may be the same person."""
    if register.newly_shared:
        run_sql("crm.share_weak", **columns("kinds identifiers", register.newly_shared))
    if not register.doubts:
        return
    ids = {id(draft.person): draft.profile_id for draft in drafts}
    pairs: dict[tuple[int, int], str] = {}
    for one, other, reason in register.doubts:
        found = [_profile_of(person.final(), ids) for person in (one, other)]
        if found[0] != found[1]:
            pairs.setdefault((min(found), max(found)), reason)
    if pairs:
        rows = [(*pair, reason, score([reason])) for pair, reason in sorted(pairs.items())]
        run_sql("crm.note_duplicates", now=now, **columns("ones others reasons scores", rows))


def _profile_of(person: Person, ids: dict[int, int]) -> int:
    return ids.get(id(person)) or person.profile_ids[0]
