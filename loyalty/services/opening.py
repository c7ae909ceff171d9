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
from loyalty.queries.ledger import find_openings
from loyalty.services.adjusting import MAX_POINTS
from loyalty.services.ledger import carry_over
from loyalty.types import Posted
from tenants.queries import get_tenant
from tenants.services import audit

NEW: Final = "new"
UNCHANGED: Final = "unchanged"
MAX_SOURCE: Final = 60


@dataclass(frozen=True, slots=True)
class Opening:
    """What another tool says of one of its members.

    Attributes:
        member_id: the tool's id; empty: the address or number is one.
        points: whole points, 0 or more.
        store_id: whose customer ``customer_id`` names.
        since: from when on the balance holds; None: now.
    """

    points: int
    member_id: str = ""
    email: str = ""
    phone: str = ""
    store_id: int | None = None
    customer_id: str = ""
    since: datetime | None = None


@dataclass(slots=True)
class OpeningResult:
    """What became of each, in the order given, and the sums.

    Attributes:
        outcomes: ``new``, ``unchanged`` or ``rejected: <reason>``.
        points: sum of the new ones.
        known_points: sum of those that were posted before.
    """

    outcomes: list[str] = field(default_factory=list)
    points: int = 0
    known_points: int = 0

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
    tool = " ".join(source.split())
    if not tool or len(tool) > MAX_SOURCE:
        raise Invalid("Name the tool.", fields={"source": f"1 to {MAX_SOURCE} characters."})
    result = OpeningResult()
    owners = _find_owners(openings)
    final = lock_final_profiles(set(owners.values()))
    keys = [_source_key(tool, opening) for opening in openings]
    posted = find_openings(keys)
    fresh: dict[str, tuple[int, int, str, datetime]] = {}
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
            fresh[key] = (owner, opening.points, key, opening.since or now)
    if fresh and not is_trial:
        _post(list(fresh.values()), tool, actor, now)
    return result


def _judge(opening: Opening, owner: int | None, known: int | None, tool: str) -> str:
    """Say what becomes of one; ``known`` is what was posted for it already."""
    if not 0 < opening.points <= MAX_POINTS:
        return f"rejected: points must be 1 to {MAX_POINTS:,}"
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


def _find_owners(openings: Sequence[Opening]) -> dict[int, int]:
    """Return the profile of each opening by its place; the first identifier that is known."""
    country = get_tenant(current_tenant_id()).country
    named = [_keys(opening, country) for opening in openings]
    found = find_owners({key for keys in named for key in keys})
    return {
        place: next(found[key] for key in keys if key in found)
        for place, keys in enumerate(named)
        if any(key in found for key in keys)
    }


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


def _post(
    rows: Sequence[tuple[int, int, str, datetime]], tool: str, actor: str, now: datetime
) -> None:
    owners = sorted({row[0] for row in rows})
    run_sql("loyalty.open_accounts_of", profile_ids=array(owners))
    run_sql("loyalty.lock_balances", profile_ids=owners)
    written = run_sql(
        "loyalty.post_openings",
        actor=actor,
        note=f"Balance from {tool}",
        **columns("profile_ids points source_keys times", rows),
    )
    posted = [
        Posted(
            entry_id=row.id,
            profile_id=row.profile_id,
            kind=row.kind,
            points=row.points,
            source_key=row.source_key,
            order_id=row.order_id,
            effective_at=row.effective_at,
        )
        for row in written
    ]
    carry_over(posted, history=frozenset({None}), now=now)
    audit.record(
        "points.opened",
        "program",
        tool,
        after={"balances": len(posted), "points": sum(entry.points for entry in posted)},
        actor=actor,
    )
