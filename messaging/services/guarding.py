"""Pauses promotions when too many mails bounce or are marked as spam, until a person resumes them.

The figures are those of the last seven days, of marketing mails (`queries/deliveries.py`). After a
person has resumed promotions only mails from the next day on are judged, so that the same mails do
not stop them twice.
"""

from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction

from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Conflict, Invalid
from kernel.formats import find_zone
from kernel.tenancy import current_tenant_id
from messaging.choices import GuardLevel, StopScope
from messaging.domain.guarding import (
    DAYS,
    Figures,
    Finding,
    Thresholds,
    judge,
    read_thresholds,
    write_thresholds,
)
from messaging.models import SendingGuard, SendingStop
from messaging.queries.deliveries import NOTHING, sum_deliveries, today
from messaging.services import losing
from messaging.services.gating import MARKETING
from messaging.services.stops import pause_messages
from tenants.queries import get_tenant
from tenants.services import audit

EVERY: Final = timedelta(minutes=10)


@transaction.atomic
def check_due(deadline: Deadline) -> int:
    """Judge the figures of the active tenant where that is due.

    Args:
        deadline: not looked at; it is a few statements.

    Returns:
        1 when they were judged, else 0.
    """
    del deadline
    now = clock.now()
    row = SendingGuard.objects.first()
    if row is not None and row.due_at > now:
        return 0
    check_guard(now)
    return 1


@transaction.atomic
def check_guard(now: datetime) -> Finding:
    """Judge the figures, and pause promotions where they are too bad; under a lock.

    A pause of promotions that is in force stays, whoever made it.
    """
    row = _lock()
    finding = judge(find_figures(_judged_from(row)), read_thresholds(row.chosen))
    if finding.level == GuardLevel.STOP:
        row.stop_id = _pause(finding) or row.stop_id
    elif _is_stopped(row):
        finding = Finding(GuardLevel.STOP.value, row.words)  # it stands until somebody resumes
    row.level, row.words = finding.level, finding.words
    row.checked_at, row.due_at = now, now + EVERY
    if row.losing_at is None or now - row.losing_at >= losing.EVERY:
        found = losing.find_losing(now)
        row.losing, row.losing_at = losing.write_losing(found), now
        row.losing_words = losing.say_losing(found, read_thresholds(row.chosen))
    row.save()
    return finding


@transaction.atomic
def save_thresholds(limits: Thresholds, *, actor: str) -> bool:
    """Keep thresholds; the figures are judged by them at once.

    Returns:
        False when nothing was different.

    Raises:
        Invalid: a warning that comes after the pause.
    """
    for name in ("bounce", "complaint"):
        if getattr(limits, f"{name}_warn") > getattr(limits, f"{name}_stop"):
            text = "The warning comes before the pause: take a lower rate."
            raise Invalid(text, fields={f"{name}_warn": text})
    row = _lock()
    before, after = write_thresholds(read_thresholds(row.chosen)), write_thresholds(limits)
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return False
    row.chosen, row.losing_at = after, None
    row.save(update_fields=["chosen", "losing_at"])
    audit.record(
        "guard.changed",
        "guard",
        row.pk,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        actor=actor,
    )
    check_guard(clock.now())
    return True


def find_figures(first: date) -> Figures:
    """Return what became of the marketing mails that left from a day on."""
    last = today()
    found = sum_deliveries(first, last, classes=MARKETING) if first <= last else {}
    tally = found.get((), NOTHING)
    return Figures(tally.sent, tally.arrived, tally.hard, tally.complained)


def _judged_from(row: SendingGuard) -> date:
    """Return the first day that counts: after a resume, the day after it."""
    first = today() - timedelta(days=DAYS - 1)
    stop = SendingStop.objects.filter(pk=row.stop_id or 0, is_open=False).first()
    if stop is None or stop.ended_at is None:
        return first
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    return max(first, stop.ended_at.astimezone(zone).date() + timedelta(days=1))


def _is_stopped(row: SendingGuard) -> bool:
    """Say whether the pause that the guard made is in force."""
    return SendingStop.objects.filter(pk=row.stop_id or 0, is_open=True).exists()


def _pause(finding: Finding) -> int | None:
    """Pause promotions; None where they are paused already."""
    try:
        stop = pause_messages(StopScope.PROMOTIONS.value, reason=finding.words, actor=audit.SYSTEM)
    except Conflict:
        return None
    return stop.pk


def _lock() -> SendingGuard:
    SendingGuard.objects.get_or_create(defaults={"due_at": clock.now()})
    return SendingGuard.objects.select_for_update(no_key=True).get()


def read_guard() -> tuple[SendingGuard | None, Thresholds]:
    """Return how the guard stood when it last looked, and its thresholds."""
    row = SendingGuard.objects.first()
    return row, read_thresholds(row.chosen if row is not None else {})
