"""Whether somebody may see what is not open to everybody yet."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crm.models import Profile
from flows.models import AccessList
from flows.queries.passes import ANYBODY, Pass, write_pass
from kernel.tenancy import current_tenant_id
from segments.models import Membership

MEMBER, PUBLIC, NOT_YET, NOT_ON_LIST = "member", "public", "not_yet", "not_on_list"
MOST: Final = 100
"""Lists that the page shows."""
LONGEST: Final = timedelta(minutes=5)
"""So long a shop may keep an answer: who joins or leaves a segment is noticed by then."""


@dataclass(frozen=True, slots=True)
class Access:
    """The answer to one visitor.

    Attributes:
        reason: why, one of the words above.
        kept_for: seconds for which the answer holds; it never outlasts a change of the list.
    """

    is_allowed: bool
    reason: str
    opens_at: datetime
    public_at: datetime
    kept_for: int


def find_access(list_id: int, profile_ids: Collection[int], now: datetime) -> Access | None:
    """Return whether somebody may see what a list is about; None where there is no such list.

    Args:
        list_id: of the active tenant.
        profile_ids: who the visitor may be; one of them on the list is enough.
        now: aware.
    """
    found = AccessList.objects.filter(pk=list_id).first()
    if found is None:
        return None
    reason = _reason(found, profile_ids, now)
    return Access(
        is_allowed=reason in {MEMBER, PUBLIC},
        reason=reason,
        opens_at=found.opens_at,
        public_at=found.public_at,
        kept_for=_kept_for(found, now),
    )


@dataclass(frozen=True, slots=True)
class AccessRow:
    """A list as its page shows it; ``segments`` are names."""

    found: AccessList
    segments: list[str]
    check_path: str


def list_access(segments: Mapping[int, str]) -> list[AccessRow]:
    """Return the newest lists.

    Args:
        segments: names by id; of deleted ones nothing is said.
    """
    return [
        AccessRow(
            found,
            [segments[each] for each in found.segment_ids if each in segments],
            check_path(found),
        )
        for found in AccessList.objects.order_by("-pk")[:MOST]
    ]


def check_path(found: AccessList) -> str:
    """Return the address that a shop asks for visitors without a pass."""
    return f"/v1/early-access/{write_pass(Pass(current_tenant_id(), found.pk))}"


def _reason(found: AccessList, profile_ids: Collection[int], now: datetime) -> str:
    if now >= found.public_at:
        return PUBLIC
    if not _is_member(found, set(profile_ids) - {ANYBODY}):
        return NOT_ON_LIST
    return MEMBER if now >= found.opens_at else NOT_YET


def _is_member(found: AccessList, profile_ids: Collection[int]) -> bool:
    """Say whether one of some is on the list; a pass of who was merged is that of who stays."""
    if not profile_ids:
        return False
    rows = Profile.objects.filter(pk__in=profile_ids).values_list("pk", "merged_into_id")
    memberships = Membership.objects.filter(profile_id__in=[stays or pk for pk, stays in rows])
    return memberships.filter(segment_ids__overlap=found.segment_ids).exists()


def _kept_for(found: AccessList, now: datetime) -> int:
    ahead = [at - now for at in (found.opens_at, found.public_at) if at > now]
    return max(0, int(min([LONGEST, *ahead]).total_seconds()))
