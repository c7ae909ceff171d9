"""The ledger as a list: narrowed, newest first, page by page at the cost of one page."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from crm.queries.finding import find_people
from kernel import clock
from kernel.keyset import Place, Sorting, Statement, count_up_to, select_page
from kernel.scope import current_tenant_id
from loyalty.choices import EntryKind
from tenants.queries import get_tenant

NEWEST = Sorting("e.effective_at", "e.id", "effective_at", is_time=True)
_FROM = "FROM loyalty_pointsentry AS e"
_SELECT = f"""
SELECT e.id, e.profile_id, e.kind, e.points, e.order_id, e.rule_version, e.rate, e.effective_at,
    e.actor, e.note, e.source_key, COALESCE(o.number, '') AS number,
    COALESCE(o.external_id, '') AS external_id,
    btrim(COALESCE(p.first_name, '') || ' ' || COALESCE(p.last_name, '')) AS name,
    COALESCE(p.email, '') AS email
{_FROM}
LEFT JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = e.profile_id
LEFT JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = e.order_id
"""


@dataclass(frozen=True, slots=True)
class WantedEntries:
    """Which entries; an empty value does not narrow.

    Attributes:
        kind: an `EntryKind` word.
        search: an address or part of a name.
        first_day, last_day: of the tenant's calendar, both included, by when it took effect.
    """

    kind: str = ""
    search: str = ""
    profile_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was chosen."""
        return self != WantedEntries()


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One movement with its cause in words."""

    id: int
    profile_id: int
    name: str
    email: str
    kind: str
    kind_label: str
    points: int
    order_id: int | None
    order_number: str
    note: str
    actor: str
    rule: str
    source_key: str
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One page of entries; the marks lead to its neighbours."""

    rows: list[EntryRow]
    next: str | None
    previous: str | None


def list_ledger(wanted: WantedEntries, place: Place) -> EntryPage:
    """Return a page of entries, newest first."""
    statement = Statement(_SELECT, *_conditions(wanted))
    found = select_page(statement, NEWEST, descending=True, place=place)
    return EntryPage([_row(row) for row in found.rows], found.next, found.previous)


def count_ledger(wanted: WantedEntries) -> int:
    """Return how many entries there are, at most the ceiling."""
    return count_up_to(_FROM, *_conditions(wanted))


def _row(row: Any) -> EntryRow:
    rate = "" if row.rate is None else f", {row.rate.normalize():f} per unit"
    return EntryRow(
        id=row.id,
        profile_id=row.profile_id,
        name=row.name,
        email=row.email,
        kind=row.kind,
        kind_label=EntryKind(row.kind).label,
        points=row.points,
        order_id=row.order_id,
        order_number=row.number or row.external_id,
        note=row.note,
        actor=row.actor,
        rule=f"Version {row.rule_version}{rate}" if row.order_id else "",
        source_key=row.source_key,
        effective_at=row.effective_at,
    )


def _conditions(wanted: WantedEntries) -> tuple[list[str], dict[str, Any]]:
    zone = get_tenant(current_tenant_id()).timezone
    first, last = wanted.first_day, wanted.last_day
    choices: list[tuple[str, str, Any]] = [
        ("e.kind = %(kind)s", "kind", wanted.kind or None),
        ("e.profile_id = %(profile_id)s", "profile_id", wanted.profile_id),
        ("e.effective_at >= %(since)s", "since", first and clock.start_of_day(first, zone)),
        ("e.effective_at < %(until)s", "until", last and clock.end_of_day(last, zone)),
    ]
    chosen = [item for item in choices if item[2] is not None]
    parts = ["e.tenant_id = %(tenant_id)s", *(part for part, _, _ in chosen)]
    params = {name: value for _, name, value in chosen}
    if wanted.search:
        parts.append("e.profile_id = ANY(%(people)s::bigint[])")
        params["people"] = find_people(wanted.search)
    return parts, params
