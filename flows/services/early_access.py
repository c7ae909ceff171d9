"""Lists of who may buy first: made by members, told to their people once they open.

Everybody on the list gets an event with their own link, and enters the flows that it starts. Pages
of people are transactions of their own that keep how far they came, so a worker that dies is
followed by one that goes on, and nobody is told twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction

from crm.choices import EventSource
from crm.services.events import append_events
from crm.types import NewEvent
from flows.domain.access import TOO_LATE, say_stopped, say_wait
from flows.models import AccessList
from flows.queries import people
from flows.queries.passes import Pass, with_pass
from flows.services.turns import TurnFailed, claim_due, take_turns, turn_of
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Conflict, Invalid, NotFound
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from segments.queries.audiences import find_unsettled
from tenants.services import audit

KIND: Final = "access"
OPENED: Final = "Early Access Opened"
PAGE: Final = 1_000
MOST_NAME: Final = 120
MOST_URL: Final = 2_000
MOST_HOURS: Final = 24 * 14
LONGEST: Final = timedelta(days=36_525)
"""How far ahead a list may open to everybody."""
PATIENCE: Final = timedelta(minutes=15)
SETTLED_WITHIN: Final = timedelta(seconds=15)
"""When a list looks again whether the segments that it names were computed."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AccessData:
    """What a list is about.

    Attributes:
        url: absolute; where it is in the shop.
        hours: so long before ``public_at`` the list may see it.
        public_at: aware.
    """

    name: str
    url: str
    segment_ids: Sequence[int]
    hours: int
    public_at: datetime


@transaction.atomic
def create_list(data: AccessData, *, actor: str) -> AccessList:
    """Make a list; its people are told once it opens.

    Raises:
        Invalid: a part breaks a rule; ``fields`` names it.
    """
    faults = _find_faults(data)
    if faults:
        raise Invalid("This list cannot open as it is.", fields=faults)
    opens_at = data.public_at - timedelta(hours=data.hours)
    made = AccessList.objects.create(
        name=data.name.strip(),
        url=data.url.strip(),
        segment_ids=sorted(set(data.segment_ids)),
        opens_at=opens_at,
        public_at=data.public_at,
        due_at=opens_at,
        created_by=actor,
    )
    after = {"name": made.name, "url": made.url, "segments": made.segment_ids}
    audit.record("access.created", "access_list", made.pk, after=after, actor=actor)
    ring(KIND, current_tenant_id())
    return made


@transaction.atomic
def delete_list(list_id: int, *, actor: str) -> None:
    """Take a list back that has not opened; nobody is told of it.

    Raises:
        NotFound: no such list.
        Conflict: it has opened: people hold passes to it.
    """
    found = AccessList.objects.select_for_update().filter(pk=list_id).first()
    if found is None:
        raise NotFound("This list does not exist.")
    if found.opens_at <= clock.now():
        raise Conflict("This list has opened: its people hold links to it.")
    found.delete()
    before = {"name": found.name}
    audit.record("access.deleted", "access_list", list_id, before=before, actor=actor)


def tell_due(deadline: Deadline) -> int:
    """Tell the people of the lists that open now, page by page.

    Args:
        deadline: when to stop claiming.

    Returns:
        Pages told; 0 when nothing is due or other workers hold it.
    """
    return take_turns(_tell_next, _postpone, deadline)


@transaction.atomic
def _tell_next() -> bool:
    now = clock.now()
    found = claim_due(AccessList.objects.all(), now)
    if found is None:
        return False
    with turn_of(found.pk):
        if found.public_at <= now:
            _close(found)
        elif not _awaits_segments(found, now):
            _tell_page(found, now)
    found.save(update_fields=["after", "due_at", "reason"])
    return True


def _close(found: AccessList) -> None:
    """Tell nobody any more: everybody may see it."""
    found.due_at = None
    if found.reason:
        found.reason = TOO_LATE


def _awaits_segments(found: AccessList, now: datetime) -> bool:
    """Put it off until the segments have the members that their definitions say."""
    unsettled = find_unsettled(found.segment_ids)
    found.reason = say_wait(unsettled.names)
    if unsettled.stopped:
        found.reason = say_stopped(unsettled.stopped[0])
    if unsettled.names:
        found.due_at = min(now + SETTLED_WITHIN, found.public_at)
    return bool(unsettled.names)


def _tell_page(found: AccessList, now: datetime) -> None:
    page = people.list_members(found.segment_ids, after=found.after, count=PAGE)
    _tell(found, page, now)
    found.after = page[-1] if page else found.after
    found.due_at = now if len(page) == PAGE else None


@transaction.atomic
def _postpone(failure: TurnFailed) -> None:
    log.error("access_list_failed", list=failure.row_id, exc_info=failure.cause)
    AccessList.objects.filter(pk=failure.row_id).update(due_at=clock.now() + PATIENCE)


def _tell(found: AccessList, profile_ids: Sequence[int], now: datetime) -> None:
    tenant_id = current_tenant_id()
    known = people.find_reachable(profile_ids)
    hours = max(1, round((found.public_at - now) / timedelta(hours=1)))
    append_events(
        [
            NewEvent(
                name=OPENED,
                occurred_at=now,
                source=EventSource.SYSTEM,
                profile_id=profile_id,
                object_id=found.pk,
                properties={
                    "list": found.name,
                    "url": with_pass(found.url, Pass(tenant_id, found.pk, profile_id)),
                    "public_at": found.public_at.isoformat(),
                    "hours": hours,
                },
                dedupe_key=f"early_access:{found.pk}:{profile_id}",
            )
            for profile_id in profile_ids
            if profile_id in known
        ],
        now=now,
    )


def _find_faults(data: AccessData) -> dict[str, str]:
    known = people.segment_names(data.segment_ids)
    ahead = data.public_at - clock.now()
    rules = {
        "name": (0 < len(data.name.strip()) <= MOST_NAME, f"1 to {MOST_NAME} characters"),
        "url": (
            data.url.strip().startswith(("https://", "http://"))
            and len(data.url.strip()) <= MOST_URL,
            "an address that begins with https://",
        ),
        "segment_ids": (
            bool(data.segment_ids) and set(data.segment_ids) <= known.keys(),
            "name segments that exist",
        ),
        "hours": (1 <= data.hours <= MOST_HOURS, f"1 to {MOST_HOURS} hours"),
        "public_at": (
            timedelta() < ahead <= LONGEST,
            "lies too far ahead" if ahead > LONGEST else "lies in the past",
        ),
    }
    return {name: words for name, (is_fine, words) in rules.items() if not is_fine}
