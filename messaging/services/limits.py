"""Changes the sending limits of a tenant; messages that wait are asked by the new ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction

from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from messaging.choices import MessageClass
from messaging.domain import frequency
from messaging.domain.frequency import Peak, write_peaks
from messaging.domain.limits import Limits, read_limits, write_limits
from messaging.models import FrequencyRule, SendingLimits
from tenants.services import audit

MOST_RULES: Final = 20
MOST_PEAKS: Final = 5
MOST_WINDOW: Final = timedelta(days=366)
_VALUES: Final = ("message_class", "channel", "max_n", "window_hours", "audience", "peaks")
_TWICE: Final = "There is a rule for these messages, people and days already. Change that one."
_FIRST_RULES: Final = ((frequency.UNENGAGED, 4), (frequency.ENGAGED, 8))
"""What every tenant starts with: promotional messages in 30 days, by whom they go to."""


@dataclass(frozen=True, slots=True)
class RuleData:
    """What a frequency rule is told to be.

    Attributes:
        message_class: ``promotional`` or ``behavioural``.
        channel: empty for all of them together.
        max_n: 0 is no limit.
        audience: ``all``, ``engaged`` or ``unengaged``.
    """

    message_class: str
    channel: str
    max_n: int
    window: timedelta
    audience: str
    peaks: Sequence[Peak] = ()


@transaction.atomic
def ensure_limits() -> bool:
    """Give a tenant the limits it starts with, once; what was removed since stays away.

    Returns:
        Whether they are new.
    """
    _, is_new = SendingLimits.objects.get_or_create(defaults={"changed_at": clock.now()})
    if is_new:
        FrequencyRule.objects.bulk_create(
            FrequencyRule(
                message_class=MessageClass.PROMOTIONAL,
                max_n=most,
                window_hours=30 * 24,
                audience=audience,
            )
            for audience, most in _FIRST_RULES
        )
    return is_new


@transaction.atomic
def save_limits(limits: Limits, *, actor: str) -> bool:
    """Keep limits.

    Returns:
        False when nothing was different.
    """
    row, _ = SendingLimits.objects.get_or_create(defaults={"changed_at": clock.now()})
    row = SendingLimits.objects.select_for_update(no_key=True).get(pk=row.pk)
    before, after = write_limits(read_limits(row.chosen)), write_limits(limits)
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return False
    row.chosen, row.changed_at = after, clock.now()
    row.save(update_fields=["chosen", "changed_at"])
    audit.record(
        "limits.changed",
        "limits",
        row.pk,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        actor=actor,
    )
    return True


@transaction.atomic
def add_rule(data: RuleData, *, actor: str) -> FrequencyRule:
    """Add a frequency rule.

    Raises:
        Invalid: it cannot be applied, or there is one for the same messages.
        Conflict: there are `MOST_RULES` already.
    """
    _check(data)
    if FrequencyRule.objects.count() >= MOST_RULES:
        raise Conflict(f"There are {MOST_RULES} rules already. Remove one first.")
    rule = FrequencyRule(**_values(data))
    _write(lambda: rule.save(force_insert=True))
    audit.record("frequency.added", "frequency", rule.pk, after=_said(rule), actor=actor)
    return rule


@transaction.atomic
def update_rule(rule_id: int, data: RuleData, *, actor: str) -> bool:
    """Change a frequency rule.

    Returns:
        False when nothing was different.

    Raises:
        NotFound: the tenant has no such rule.
        Invalid: it cannot be applied, or there is one for the same messages.
    """
    _check(data)
    rule = _lock(rule_id)
    before = _said(rule)
    for name, value in _values(data).items():
        setattr(rule, name, value)
    after = _said(rule)
    if before == after:
        return False
    _write(lambda: rule.save(update_fields=list(_VALUES)))
    audit.record("frequency.changed", "frequency", rule.pk, before=before, after=after, actor=actor)
    return True


@transaction.atomic
def remove_rule(rule_id: int, *, actor: str) -> None:
    """Remove a frequency rule.

    Raises:
        NotFound: the tenant has no such rule.
    """
    rule = _lock(rule_id)
    before = _said(rule)
    rule.delete()
    audit.record("frequency.removed", "frequency", rule_id, before=before, actor=actor)


def _check(data: RuleData) -> None:
    if not timedelta(hours=1) <= data.window <= MOST_WINDOW:
        text = "Choose between 1 hour and 366 days."
        raise Invalid(text, fields={"window": text})
    if any(peak.last < peak.first for peak in data.peaks):
        text = "A peak season ends on its first day or later."
        raise Invalid(text, fields={"peaks": text})
    if len(data.peaks) > MOST_PEAKS:
        text = f"A rule has {MOST_PEAKS} peak seasons at most."
        raise Invalid(text, fields={"peaks": text})


def _write(save: Callable[[], None]) -> None:
    try:
        with transaction.atomic():
            save()
    except IntegrityError as exc:
        raise Invalid(_TWICE, fields={"audience": _TWICE}) from exc


def _values(data: RuleData) -> dict[str, Any]:
    return {
        "message_class": data.message_class,
        "channel": data.channel,
        "max_n": data.max_n,
        "window_hours": data.window // timedelta(hours=1),
        "audience": data.audience,
        "peaks": write_peaks(data.peaks),
    }


def _said(rule: FrequencyRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in _VALUES}


def _lock(rule_id: int) -> FrequencyRule:
    rule = FrequencyRule.objects.select_for_update(no_key=True).filter(pk=rule_id).first()
    if rule is None:
        raise NotFound("This rule does not exist.")
    return rule
