"""When an account is left alone, and for how long, before it is tried once more.

It is closed while messages go through, open while nothing is handed over, and half-open when the
pause is over: then one message is tried, whose answer closes it or opens it again for longer.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

FAULTS_IN_A_ROW: Final = 5
"""Hand-overs that came to nothing, without one in between that got through."""
ERRORS_IN_A_MINUTE: Final = 20
"""Messages put off or lost within a minute, if fewer than that got through."""
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""After the first, second … opening in a row."""
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a provider said to the messages of one hand-over.

    Attributes:
        taken: how many it took or refused for good: it works.
        errors: how many it put off, or whose answer was lost.
        fault: why nothing could be handed over; empty where it could.
        is_account_fault: waiting does not mend it.
    """

    taken: int
    errors: int
    fault: str = ""
    is_account_fault: bool = False

    @property
    def is_good(self) -> bool:
        """Whether there is nothing to count."""
        return not self.errors and not self.fault


@dataclass(frozen=True, slots=True)
class Health:
    """How an account has fared.

    Attributes:
        faults: in a row.
        errors, taken: since ``minute_at``.
        openings: in a row.
        open_until: aware; None while it is closed.
        reason: why it is open.
    """

    faults: int = 0
    errors: int = 0
    taken: int = 0
    minute_at: datetime | None = None
    openings: int = 0
    open_until: datetime | None = None
    reason: str = ""

    @property
    def is_closed(self) -> bool:
        """Whether nothing is held against it."""
        return self.open_until is None

    @property
    def is_spotless(self) -> bool:
        """Whether good answers need not be counted."""
        return self == Health()


def judge(health: Health, answers: Answers, now: datetime) -> Health:
    """Return how an account stands after one more hand-over."""
    if answers.taken and not answers.fault and not health.is_closed:
        return Health()
    counted = _count(health, answers, now)
    if answers.is_good and not counted.errors and health.is_closed:
        return Health()
    reason = _find_reason(counted, answers)
    if not reason and health.is_closed:
        return counted
    pause = PAUSES[min(counted.openings, len(PAUSES) - 1)]
    return Health(
        openings=counted.openings + 1,
        open_until=now + pause,
        reason=reason or answers.fault or health.reason,
    )


def _count(health: Health, answers: Answers, now: datetime) -> Health:
    is_new = health.minute_at is None or now - health.minute_at > MINUTE
    return replace(
        health,
        faults=0 if answers.taken else health.faults + bool(answers.fault),
        errors=answers.errors + (0 if is_new else health.errors),
        taken=answers.taken + (0 if is_new else health.taken),
        minute_at=now if is_new else health.minute_at,
    )


def _find_reason(health: Health, answers: Answers) -> str:
    if answers.is_account_fault:
        return f"The provider refuses the account: {answers.fault}"
    if health.faults >= FAULTS_IN_A_ROW:
        return f"Nothing could be handed over {health.faults} times in a row: {answers.fault}"
    if health.errors >= ERRORS_IN_A_MINUTE and health.errors > health.taken:
        return f"{health.errors} messages were put off or lost within a minute."
    return ""
