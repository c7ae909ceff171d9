"""The reasons not to send, in the one order in which every message is asked.

This app owns the order; who knows the answer fills the gate from its `AppConfig.ready`. A gate
without a function passes everybody and leaves no trace.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, TypeVar, cast

from messaging.choices import SkipReason
from messaging.types import PendingMessage, Verdict

GateFunction = Callable[[Sequence[PendingMessage], datetime], Mapping[int, Verdict]]
"""Takes a batch of the active tenant and the present; answers by message id.

Runs inside a transaction, asks in sets, changes nothing. A message it does not answer for has
passed.
"""

GATE_ORDER: dict[str, SkipReason] = {
    "exit_condition": SkipReason.EXIT_CONDITION,
    "flow_filter": SkipReason.FLOW_FILTER,
    "discount": SkipReason.DISCOUNT,
    "profile": SkipReason.PROFILE_ERASED,
    "store": SkipReason.STORE_UNINSTALLED,
    "address": SkipReason.ADDRESS_INVALID,
    "suppression": SkipReason.SUPPRESSED,
    "consent": SkipReason.NO_CONSENT,
    "preferences": SkipReason.TOPIC_REFUSED,
    "sunset": SkipReason.SUNSET,
    "unhappy": SkipReason.UNHAPPY,
    "review": SkipReason.REVIEW_ASKED,
    "budget": SkipReason.BUDGET,
    "smart_sending": SkipReason.SMART_SENDING,
    "frequency": SkipReason.FREQUENCY_CAP,
    "quiet_hours": SkipReason.QUIET_HOURS,
    "stock": SkipReason.OUT_OF_STOCK,
    "lateness": SkipReason.TOO_LATE,
    "sender": SkipReason.SENDER_MISSING,
    "sender_dns": SkipReason.SENDER_DNS,
    "channel": SkipReason.CHANNEL_MISSING,
}
"""Name of each gate and the reason it gives; rendering comes after all of them.

What waits for the records of a domain is asked after lateness, so that it ends when it is too
late; the gates before it end by themselves what waits for too long.
"""

_Value = TypeVar("_Value")
_filled: dict[str, GateFunction] = {}
_batch: ContextVar[dict[str, Any] | None] = ContextVar("batch", default=None)


def fill_gate(name: str, ask: GateFunction) -> None:
    """Say who answers for a gate; a later call takes its place.

    Raises:
        KeyError: the order knows no gate of this name.
    """
    if name not in GATE_ORDER:
        raise KeyError(f"no gate is named {name!r}; the gates are {', '.join(GATE_ORDER)}")
    _filled[name] = ask


def filled_gates() -> list[tuple[str, SkipReason, GateFunction]]:
    """Return the gates that somebody answers for, in the order they are asked."""
    return [(name, reason, _filled[name]) for name, reason in GATE_ORDER.items() if name in _filled]


@contextmanager
def one_batch() -> Iterator[None]:
    """Let all inside share what they read of one batch; a batch inside it is the same one."""
    if _batch.get() is not None:
        yield
        return
    token = _batch.set({})
    try:
        yield
    finally:
        _batch.reset(token)


def once(name: str, load: Callable[[], _Value]) -> _Value:
    """Return what was read for this batch, or read it; outside of a batch it is read anew.

    Args:
        name: unique among what gates share.
        load: reads it for all messages of the batch that are still under way; what later gates
            are asked about is among them.
    """
    known = _batch.get()
    if known is None:
        return load()
    if name not in known:
        known[name] = load()
    return cast("_Value", known[name])
