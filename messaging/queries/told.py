"""What providers told and nobody used, page by page at the cost of one page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kernel.keyset import Place, Sorting, Statement, count_up_to, has_any, select_page
from messaging.choices import CallbackKind, CallbackStatus
from messaging.models import ProviderCallback

NEWEST = Sorting("c.received_at", "c.id", "received_at", is_time=True)
STATUSES = {
    CallbackStatus.IGNORED.value: "Not used",
    CallbackStatus.FAILED.value: "Failed",
    CallbackStatus.PENDING.value: "Waiting",
    CallbackStatus.APPLIED.value: "Used",
}
"""What people choose from, in this order; the first is shown at first."""
_FROM = "FROM messaging_providercallback AS c"
_SELECT = f"""
SELECT c.id, c.received_at, c.kind, c.status, c.detail, c.tries, c.due_at, a.name AS account,
    a.channel
{_FROM}
JOIN messaging_channelaccount AS a ON a.tenant_id = %(tenant_id)s AND a.id = c.account_id
"""
_ASKED = ["c.tenant_id = %(tenant_id)s", "c.status = %(status)s"]


@dataclass(frozen=True, slots=True)
class ToldRow:
    """One callback, or the requests of one day that were refused for one reason.

    Attributes:
        tries: how often it was looked at, or how many requests were refused.
        due_at: when one that waits is looked at next.
    """

    id: int
    received_at: datetime
    kind: str
    status: str
    detail: str
    tries: int
    due_at: datetime
    account: str
    channel: str

    @property
    def kind_label(self) -> str:
        """Return what was told, for people."""
        return "Refused requests" if self.is_refused else CallbackKind(self.kind).label

    @property
    def is_refused(self) -> bool:
        """Whether the edge turned it away."""
        return self.kind == CallbackKind.REFUSED


@dataclass(frozen=True, slots=True)
class ToldPage:
    """One page, newest first; the marks lead to its neighbours."""

    rows: list[ToldRow]
    next: str | None
    previous: str | None


def list_told(status: str, place: Place) -> ToldPage:
    """Return a page of callbacks of one status, newest first."""
    params: dict[str, Any] = {"status": status}
    found = select_page(Statement(_SELECT, _ASKED, params), NEWEST, descending=True, place=place)
    rows = [ToldRow(**row._asdict()) for row in found.rows]
    return ToldPage(rows, found.next, found.previous)


def count_told() -> dict[str, int]:
    """Return how many callbacks each status has, each up to the ceiling of counts."""
    return {status: count_up_to(_FROM, _ASKED, {"status": status}) for status in STATUSES}


def has_told() -> bool:
    """Say whether any provider has told the tenant anything."""
    return has_any(ProviderCallback.objects.all())
