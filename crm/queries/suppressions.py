"""The list of addresses that must not be contacted, page by page at the cost of one page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from crm.choices import Channel, SuppressionReason, SuppressionScope
from crm.domain.digests import digest_address
from crm.domain.permission import ADDRESSED
from crm.models import Suppression
from kernel.arrays import array
from kernel.keyset import Place, Sorting, Statement, count_up_to, has_any, select_page
from kernel.scope import current_tenant_id
from kernel.sql import run_sql

NEWEST = Sorting("s.created_at", "s.id", "created_at", is_time=True)
_FROM = "FROM crm_suppression AS s"
_SELECT = f"""
SELECT s.id, s.created_at, s.channel, s.address, s.reason, s.scope, s.until, s.detail, s.actor
{_FROM}
"""


@dataclass(frozen=True, slots=True)
class WantedSuppressions:
    """Which suppressions; an empty value does not narrow.

    Attributes:
        reason: a word of `SuppressionReason`.
        search: a whole address or number: only its digest is certain to be kept.
    """

    reason: str = ""
    search: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was chosen."""
        return self != WantedSuppressions()


@dataclass(frozen=True, slots=True)
class SuppressionRow:
    """One address; ``profile_id`` is whose it is, None where nobody known has it."""

    id: int
    created_at: datetime
    channel: str
    address: str
    reason: str
    scope: str
    until: datetime | None
    detail: str
    actor: str
    profile_id: int | None

    @property
    def dialog(self) -> str:
        """The name of the dialog in which it is taken back."""
        return f"lift-{self.id}"

    @property
    def channel_label(self) -> str:
        """Return the channel for people."""
        return "SMS" if self.channel == Channel.SMS else Channel(self.channel).label

    @property
    def reason_label(self) -> str:
        """Return the reason for people."""
        return SuppressionReason(self.reason).label

    @property
    def scope_label(self) -> str:
        """Return what is stopped, for people."""
        return SuppressionScope(self.scope).label

    @property
    def can_end(self) -> bool:
        """Whether a member may take it back."""
        return self.reason != SuppressionReason.ERASED


@dataclass(frozen=True, slots=True)
class SuppressionPage:
    """One page, newest first; the marks lead to its neighbours."""

    rows: list[SuppressionRow]
    next: str | None
    previous: str | None


def list_suppressions(wanted: WantedSuppressions, place: Place) -> SuppressionPage:
    """Return a page of suppressions, newest first; two statements."""
    conditions, params = _conditions(wanted)
    found = select_page(
        Statement(_SELECT, conditions, params), NEWEST, descending=True, place=place
    )
    owners = _find_owners(found.rows)
    rows = [
        SuppressionRow(**row._asdict(), profile_id=owners.get((row.channel, row.address)))
        for row in found.rows
    ]
    return SuppressionPage(rows, found.next, found.previous)


def count_suppressions(wanted: WantedSuppressions) -> int:
    """Return how many there are, up to the ceiling of counts."""
    return count_up_to(_FROM, *_conditions(wanted))


def has_suppressions() -> bool:
    """Say whether the tenant has any suppression."""
    return has_any(Suppression.objects.all())


def is_suppressed(channel: str, address: str, now: datetime) -> bool:
    """Say whether anything is stopped that would go to an address."""
    digest = digest_address(current_tenant_id(), channel, address)
    in_force = Q(until=None) | Q(until__gt=now)
    return Suppression.objects.filter(in_force, channel=channel, address_hash=digest).exists()


def is_stopped_since(channel: str, address: str, reason: str, at: datetime) -> bool:
    """Say whether an address was suppressed for a reason after a time."""
    digest = digest_address(current_tenant_id(), channel, address)
    return Suppression.objects.filter(
        channel=channel, address_hash=digest, reason=reason, created_at__gt=at
    ).exists()


def find_scopes(suppression_ids: Iterable[int]) -> dict[int, str]:
    """Return what suppressions stop, a word of `SuppressionScope` by id."""
    found = Suppression.objects.filter(pk__in=list(suppression_ids))
    return dict(found.values_list("pk", "scope"))


def _conditions(wanted: WantedSuppressions) -> tuple[list[str], dict[str, Any]]:
    parts, params = ["s.tenant_id = %(tenant_id)s"], dict[str, Any]()
    if wanted.reason:
        parts.append("s.reason = %(reason)s")
        params["reason"] = wanted.reason
    if wanted.search:
        owner = current_tenant_id()
        # Each digest is of one channel; both are asked for, as the index begins with it.
        parts.append("s.channel = ANY(%(channels)s::text[])")
        parts.append("s.address_hash = ANY(%(hashes)s::text[])")
        params["channels"] = array(sorted(Channel.values))
        params["hashes"] = array(
            sorted(digest_address(owner, each, wanted.search) for each in Channel.values)
        )
    return parts, params


def _find_owners(rows: Iterable[Any]) -> dict[tuple[str, str], int]:
    """Return whose the addresses are, by channel and address."""
    held: dict[str, set[str]] = {channel: set() for channel in ADDRESSED}
    for row in rows:
        if row.channel in held and row.address:
            held[row.channel].add(row.address)
    if not any(held.values()):
        return {}
    found = run_sql("crm.find_addressed", **{name: array(sorted(held[name])) for name in held})
    return {(row.channel, row.address): row.profile_id for row in found}
