"""Reads the mailboxes that replies come into: claimed, read with no transaction open, recorded.

What came in is filed as if its provider had told it, in the transaction that moves the mark. A
worker that dies between reads the same mails again, which are filed once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from kernel import clock
from kernel.batches import Deadline
from messaging.channels.email_smtp import IMAP_URL
from messaging.channels.imap_mailbox import MailboxUnavailable, Mark, Visit, read_new
from messaging.models import ReplyMailbox
from messaging.services.accounts import as_account
from messaging.services.filing import file_told

EVERY: Final = timedelta(minutes=1)
LEASE: Final = timedelta(minutes=5)
"""Longer than a visit can last: it stops fetching with its turn."""
WAITS: Final = (
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
)
"""How long one that cannot be read is left alone, after each time in a row."""
MAX_WORDS: Final = 300


@dataclass(frozen=True, slots=True)
class _Claimed:
    """One mailbox that is this worker's until ``lease``."""

    id: int
    account_id: int
    url: str
    mark: Mark
    lease: datetime


def read_due(deadline: Deadline) -> int:
    """Read the mailboxes of the active tenant that are due, each for one visit.

    Args:
        deadline: when to stop claiming and fetching.

    Returns:
        Mailboxes visited; 0 when none was due.
    """
    done = 0
    while not deadline.passed and (claimed := _claim()) is not None:
        done += 1
        try:
            visit = read_new(claimed.url, claimed.mark, deadline)
        except MailboxUnavailable as exc:
            _give_up(claimed, str(exc))
        else:
            _record(claimed, visit)
    return done


@transaction.atomic
def _claim() -> _Claimed | None:
    now = clock.now()
    due = ReplyMailbox.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
    found = due.select_related("account").filter(due_at__lte=now).order_by("due_at", "pk").first()
    if found is None:
        return None
    lease = now + LEASE
    ReplyMailbox.objects.filter(pk=found.pk).update(due_at=lease)
    account = as_account(found.account)
    mark = Mark(found.uid_validity, found.last_uid, found.read_at or found.created_at)
    return _Claimed(found.pk, account.id, account.credentials.get(IMAP_URL, ""), mark, lease)


@transaction.atomic
def _record(claimed: _Claimed, visit: Visit) -> None:
    """File what came in and move the mark; one that somebody else claimed since stays as it is."""
    now = clock.now()
    moved = ReplyMailbox.objects.filter(pk=claimed.id, due_at=claimed.lease).update(
        uid_validity=visit.mark.validity,
        last_uid=visit.mark.last_uid,
        due_at=now if visit.is_more else now + EVERY,
        read_at=now,
        fault="",
        faults=0,
    )
    if moved:
        file_told(claimed.account_id, visit.events)


@transaction.atomic
def _give_up(claimed: _Claimed, words: str) -> None:
    rows = ReplyMailbox.objects.select_for_update(no_key=True)
    found = rows.filter(pk=claimed.id, due_at=claimed.lease).first()
    if found is None:
        return
    wait = WAITS[min(found.faults, len(WAITS) - 1)]
    ReplyMailbox.objects.filter(pk=found.pk).update(
        due_at=clock.now() + wait, fault=words[:MAX_WORDS], faults=found.faults + 1
    )
