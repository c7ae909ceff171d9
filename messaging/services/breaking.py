"""The circuit breaker of each account: leaves it alone while nothing gets through."""

from collections.abc import Collection

import structlog
from django.db import transaction

from kernel import clock
from messaging.choices import FailReason, MessageStatus
from messaging.domain.breaker import Answers, Health, judge
from messaging.models import AccountHealth, ChannelAccount
from messaging.services.outcomes import Outcomes
from tenants.services import audit

log = structlog.get_logger(__name__)

_FIELDS = ("faults", "errors", "taken", "minute_at", "openings", "open_until", "reason")


def find_health(channels: Collection[str]) -> dict[tuple[str, int], Health]:
    """Return how accounts fare, by channel and id (0: the installation's); spotless ones lack."""
    rows = AccountHealth.objects.filter(channel__in=channels)
    return {
        (row.channel, row.account_id): Health(**{name: getattr(row, name) for name in _FIELDS})
        for row in rows
    }


def read_answers(outcomes: Outcomes) -> Answers:
    """Return what the outcomes of a hand-over say of its account.

    A refusal of one message, or of a sender that a rule chose for some, is an answer of an account
    that works, and so is being asked to wait, also where the provider does not say for how long.
    """
    works = {MessageStatus.SENT, MessageStatus.FAILED}
    taken = sum(item.is_answer or item.status in works for item in outcomes.items)
    errors = sum(
        item.reason == FailReason.OUTCOME_UNKNOWN
        or (item.status == MessageStatus.PENDING and item.tries > 0 and not item.is_answer)
        for item in outcomes.items
    )
    fault = outcomes.fault
    is_asked_to_wait = fault and (fault.is_throttle or fault.retry_after is not None)
    if fault and is_asked_to_wait and not fault.is_account_fault:
        fault = None
    return Answers(
        taken=taken,
        errors=errors,
        fault=str(fault)[:300] if fault else "",
        is_account_fault=bool(fault and fault.is_account_fault),
    )


@transaction.atomic
def note_answers(channel: str, account_id: int | None, outcomes: Outcomes) -> Health:
    """Count what an account answered, under a lock: several workers may call it.

    Args:
        channel: of the account.
        account_id: None for the installation's own mail server.
        outcomes: of one hand-over.

    Returns:
        How it stands now.
    """
    answers, now = read_answers(outcomes), clock.now()
    # The account before its health, as whoever resumes it or changes its credentials does.
    list(ChannelAccount.objects.select_for_update(no_key=True).filter(pk=account_id or 0))
    AccountHealth.objects.get_or_create(channel=channel, account_id=account_id or 0)
    rows = AccountHealth.objects.select_for_update(no_key=True)
    row = rows.get(channel=channel, account_id=account_id or 0)
    before = Health(**{name: getattr(row, name) for name in _FIELDS})
    after = judge(before, answers, now)
    AccountHealth.objects.filter(pk=row.pk).update(
        **{name: getattr(after, name) for name in _FIELDS}
    )
    if after.open_until is not None:
        _open(channel, account_id, after)
    elif before.open_until is not None:
        _close(channel, account_id)
    return after


def _open(channel: str, account_id: int | None, health: Health) -> None:
    log.warning("account_left_alone", channel=channel, account=account_id, reason=health.reason)
    changed = {
        "is_paused": True,
        "paused_reason": health.reason[:500],
        "paused_until": health.open_until,
    }
    ChannelAccount.objects.filter(pk=account_id or 0).exclude(
        is_paused=True, paused_until=None
    ).update(**changed)
    after = {
        "reason": health.reason,
        "until": health.open_until.isoformat() if health.open_until else "",
    }
    audit.record("channel.left_alone", "channel", account_id or 0, after=after)


def _close(channel: str, account_id: int | None) -> None:
    log.info("account_works_again", channel=channel, account=account_id)
    ChannelAccount.objects.filter(pk=account_id or 0, paused_until__isnull=False).update(
        is_paused=False, paused_reason="", paused_until=None
    )
    audit.record("channel.works_again", "channel", account_id or 0, after={"is_paused": False})
