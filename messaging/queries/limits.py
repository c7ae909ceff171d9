"""The sending limits of the active tenant."""

from datetime import timedelta

from messaging.domain.frequency import Rule, read_peaks
from messaging.domain.limits import Limits, read_limits
from messaging.models import FrequencyRule, SendingLimits


def find_limits() -> Limits:
    """Return the limits; all defaults where nobody has said anything."""
    row = SendingLimits.objects.first()
    return read_limits(row.chosen if row is not None else {})


def list_frequency_rules() -> list[FrequencyRule]:
    """Return the frequency rules, oldest first."""
    return list(FrequencyRule.objects.order_by("pk"))


def find_frequency_rule(rule_id: int) -> FrequencyRule | None:
    """Return a frequency rule, or None."""
    return FrequencyRule.objects.filter(pk=rule_id).first()


def read_rule(row: FrequencyRule) -> Rule:
    """Return a stored rule as it is applied."""
    return Rule(
        key=str(row.pk),
        message_class=row.message_class,
        channel=row.channel,
        max_n=row.max_n,
        window=timedelta(hours=row.window_hours),
        audience=row.audience,
        peaks=read_peaks(row.peaks),
    )
