"""Balances of another loyalty tool, posted as the first entry of each account.

A balance is known by its tool and by the id it has there, of which a digest is kept: names and
addresses do not stay in the ledger when somebody is erased.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import transaction

from crm.choices import IdentityKind
from crm.domain.identifiers import normalize_email, normalize_phone
from crm.queries.finding import Key, find_owners
from crm.services.ids import lock_final_profiles
from kernel import clock
from kernel.arrays import array, columns
from kernel.errors import Invalid
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from loyalty.models import PointsEntry
from loyalty.queries.ledger import find_openings
from loyalty.services.adjusting import MAX_POINTS
from loyalty.services.ledger import carry_over
from loyalty.services.returning import BACK
from loyalty.types import Posted
from tenants.queries import get_tenant
from tenants.services import audit

NEW: Final = "new"
UNCHANGED: Final = "unchanged"
MAX_SOURCE: Final = 60
YEARS: Final = range(1900, 2201)
MAX_TIER: Final = 100
AGAIN: Final = ":again"
"""What the key of a balance ends with that is brought once more after that."""
_Row = tuple[int, int, str, datetime, str]
"""Profile, points, key, time and note of an entry."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What another tool says of one of its members.

    Attributes:
        member_id: the tool's id; empty: the address or number is one.
        points: whole points, 0 or more.
        store_id: whose customer ``customer_id`` names.
        since: from when on the balance holds; None: now.
        profile_id: whose it is, where that was found out already.
        tier: of the tool, for the ledger.
    """

    points: int
    member_id: str = ""
    email: str = ""
    phone: str = ""
    store_id: int | None = None
    customer_id: str = ""
    since: datetime | None = None
    profile_id: int | None = None
    tier: str = ""


@dataclass(slots=True)
class OpeningResult:
    """What became of each, in the order given, and the sums.

    Attributes:
        outcomes: ``new``, ``unchanged`` or ``rejected: <reason>``.
        points: sum of the new ones.
        known_points: sum of those that were posted before.
        entries: id, profile and points of each new entry.
    """

    outcomes: list[str] = field(default_factory=list)
    points: int = 0
    known_points: int = 0
    entries: list[tuple[int, int, int]] = field(default_factory=list, compare=False)

    def count(self, word: str) -> int:
        """Return how many ended with an outcome."""
        return sum(outcome.split(":")[0] == word for outcome in self.outcomes)


@transaction.atomic
def post_openings(
    openings: Sequence[Opening], *, source: str, actor: str, is_trial: bool = False
) -> OpeningResult:
    """Post balances of another tool; the same ones again change nothing.

    Args:
        openings: up to some thousands.
        source: name of the tool, such as ``Smile``; in any case it is the same one.
        actor: who does it, for the ledger and the audit trail.
        is_trial: say what would be posted, and write nothing.

    Raises:
        Invalid: the tool has no name, or one that is too long.
    """
    tool = _name_tool(source)
    result = OpeningResult()
    owners = _find_owners(openings)
    final = lock_final_profiles(set(owners.values()))
    keys, posted = _current_keys([_source_key(tool, opening) for opening in openings])
    fresh: dict[str, _Row] = {}
    now = clock.now()
    for place, (opening, key) in enumerate(zip(openings, keys, strict=True)):
        owner = final.get(owners.get(place, 0))
        known = fresh.get(key, (None, None))[1] or posted.get(key, (None,))[0]
        outcome = _judge(opening, owner, known, tool)
        result.outcomes.append(outcome)
        if outcome == UNCHANGED and key in posted:
            result.known_points += opening.points
        if outcome == NEW and owner is not None:
            result.points += opening.points
            since, note = opening.since or now, _note(tool, opening.tier)
            fresh[key] = (owner, opening.points, key, since, note)
    if fresh and not is_trial:
        posted_now = _post(list(fresh.values()), actor, now)
        result.entries = [(each.entry_id, each.profile_id, each.points) for each in posted_now]
        _record(tool, posted_now, actor)
    return result


def check_openings(openings: Sequence[Opening], *, source: str) -> list[str]:
    """Say of balances why the ledger refuses them; empty where it does not.

    Whose they are is not asked.

    Raises:
        Invalid: the tool has no name, or one that is too long.
    """
    tool = _name_tool(source)
    keys, posted = _current_keys([_source_key(tool, opening) for opening in openings])
    found = []
    for opening, key in zip(openings, keys, strict=True):
        outcome = _judge(opening, 0, posted.get(key, (None,))[0], tool)
        found.append(outcome.partition(":")[2].strip())
    return found


def post_back(entries: Sequence[PointsEntry], *, note: str, now: datetime) -> set[int]:
    """Post opening balances back, each once, in the caller's transaction.

    A balance may fall below zero by it, as by a refund. The same balance can be brought again.

    Args:
        entries: opening entries above zero.
        note: why, for the ledger.
        now: aware.

    Returns:
        Ids of the entries that are posted back now, also those that were before.
    """
    keys = {f"{entry.source_key}{BACK}": entry for entry in entries}
    known = find_openings(list(keys))
    rows = [
        (entry.profile_id, -entry.points, key, now, note)
        for key, entry in sorted(keys.items())
        if key not in known
    ]
    if rows:
        _post(rows, audit.SYSTEM, now)
    return {entry.pk for entry in entries}


def _name_tool(source: str) -> str:
    tool = " ".join(source.split())
    if not tool or len(tool) > MAX_SOURCE:
        raise Invalid("Name the tool.", fields={"source": f"1 to {MAX_SOURCE} characters."})
    return tool


def _current_keys(keys: Sequence[str]) -> tuple[list[str], dict[str, tuple[int, int]]]:
    """Return the key under which each balance stands now, and what is posted under those.

    One that was posted back is free again, under a key of its own.
    """
    current = {key: key for key in keys}
    pending = set(keys)
    standing: dict[str, tuple[int, int]] = {}
    while pending:
        found = find_openings([current[key] for key in pending])
        backs = find_openings([f"{key}{BACK}" for key in found])
        again = {key for key in pending if f"{current[key]}{BACK}" in backs}
        for key in pending - again:
            if current[key] in found:
                standing[current[key]] = found[current[key]]
        for key in again:
            current[key] = f"{current[key]}{AGAIN}"
        pending = again
    return [current[key] for key in keys], standing


def _note(tool: str, tier: str) -> str:
    return f"Balance from {tool}" + (f", tier {tier[:MAX_TIER]}" if tier else "")


def _judge(opening: Opening, owner: int | None, known: int | None, tool: str) -> str:
    """Say what becomes of one; ``known`` is what was posted for it already."""
    if wrong := _find_wrong(opening):
        return f"rejected: {wrong}"
    if known is not None:
        if known == opening.points:
            return UNCHANGED
        return (
            f"rejected: {tool} opened this balance with {known:,} points before; "
            "adjust the difference by hand"
        )
    if owner is None:
        return "rejected: no profile has this address, number or customer id; import it first"
    return NEW


def _find_wrong(opening: Opening) -> str:
    if not 0 < opening.points <= MAX_POINTS:
        return f"points must be 1 to {MAX_POINTS:,}"
    if opening.since is not None and opening.since.year not in YEARS:
        return f"since must be in the years {YEARS[0]} to {YEARS[-1]}"
    return ""


def _find_owners(openings: Sequence[Opening]) -> dict[int, int]:
    """Return the profile of each opening by its place; the first identifier that is known."""
    country = get_tenant(current_tenant_id()).country
    named = [_keys(opening, country) for opening in openings]
    found = find_owners({key for keys in named for key in keys})
    owners = {
        place: next(found[key] for key in keys if key in found)
        for place, keys in enumerate(named)
        if any(key in found for key in keys)
    }
    given = enumerate(opening.profile_id for opening in openings)
    return owners | {place: owner for place, owner in given if owner is not None}


def _keys(opening: Opening, country: str) -> list[Key]:
    keys: list[Key] = []
    if opening.store_id is not None and opening.customer_id.strip():
        value = f"{opening.store_id}:{opening.customer_id.strip()}"
        keys.append((str(IdentityKind.CUSTOMER_ID), value))
    if email := normalize_email(opening.email):
        keys.append((str(IdentityKind.EMAIL), email))
    if opening.phone and (number := normalize_phone(opening.phone, country)):
        keys.append((str(IdentityKind.PHONE), number))
    return keys


def _source_key(tool: str, opening: Opening) -> str:
    names = (opening.member_id, opening.email, opening.phone, opening.customer_id)
    named = next((name.strip().lower() for name in names if name.strip()), "")
    digest = hashlib.blake2b(named.encode("utf-8", "replace"), digest_size=12).hexdigest()
    return f"open:{tool.lower()}:{digest}"


def _post(rows: Sequence[_Row], actor: str, now: datetime) -> list[Posted]:
    owners = sorted({row[0] for row in rows})
    run_sql("loyalty.open_accounts_of", profile_ids=array(owners))
    run_sql("loyalty.lock_balances", profile_ids=owners)
    written = run_sql(
        "loyalty.post_openings",
        actor=actor,
        **columns("profile_ids points source_keys times notes", rows),
    )
    posted = [Posted.read(row) for row in written]
    carry_over(posted, history=frozenset({None}), now=now)
    return posted


def _record(tool: str, posted: Sequence[Posted], actor: str) -> None:
    audit.record(
        "points.opened",
        "program",
        tool,
        after={"balances": len(posted), "points": sum(entry.points for entry in posted)},
        actor=actor,
    )
