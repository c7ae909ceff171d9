"""Which statement of consent holds. Pure.

Each statement has the time from which it counts: when it was said. An unsubscribe without a time
counts from when it was recorded, a subscribe without a time from the beginning of time. The
latest holds, the more restrictive of two equals, so the order in which they arrive plays no part.
"""

from datetime import UTC, datetime

from crm.choices import ConsentState

CHANNELS = ("email", "sms", "whatsapp", "push")
"""Channels of which a profile keeps what holds."""
ADDRESSED = ("email", "sms", "whatsapp")
"""Those whose addresses a profile shows."""
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_RESTRICTIVENESS = {
    ConsentState.SUBSCRIBED: 0,
    ConsentState.PENDING: 1,
    ConsentState.NEVER: 2,
    ConsentState.UNSUBSCRIBED: 3,
    ConsentState.WITHDRAWN: 4,
}
NEGATIVE = frozenset({ConsentState.UNSUBSCRIBED, ConsentState.WITHDRAWN})


def counts_from(state: str, occurred_at: datetime | None, recorded_at: datetime) -> datetime | None:
    """Return the time from which a statement counts; None is the beginning of time."""
    if occurred_at is not None:
        return occurred_at
    return recorded_at if state in NEGATIVE else None


def holds_over(new: tuple[str, datetime | None], old: tuple[str, datetime | None]) -> bool:
    """Say whether a statement takes the place of what is known.

    Args:
        new: state, and the time from which it counts.
        old: likewise; ``("never", None)`` means that nothing is known.
    """
    if old == (ConsentState.NEVER, None):
        return new != old
    return _weight(new) > _weight(old)


def most_restrictive(states: list[str]) -> str:
    """Return the most restrictive of some states; ``never`` only when all are."""
    said = [state for state in states if state != ConsentState.NEVER]
    return max(said, key=restrictiveness) if said else str(ConsentState.NEVER)


def restrictiveness(state: str) -> int:
    """Return how much a state forbids, 0 to 4."""
    return _RESTRICTIVENESS[ConsentState(state)]


def _weight(statement: tuple[str, datetime | None]) -> tuple[datetime, int]:
    state, at = statement
    return at or BEGINNING, restrictiveness(state)
