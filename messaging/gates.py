"""The reasons not to send, in the one order in which every message is asked.

This app owns the order; who knows the answer fills the gate from its `AppConfig.ready`. A gate
without a function passes everybody and leaves no trace.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

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
    "profile": SkipReason.PROFILE_ERASED,
    "store": SkipReason.STORE_UNINSTALLED,
    "address": SkipReason.ADDRESS_INVALID,
    "suppression": SkipReason.SUPPRESSED,
    "consent": SkipReason.NO_CONSENT,
    "preferences": SkipReason.TOPIC_REFUSED,
    "unhappy": SkipReason.UNHAPPY,
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

The last one lets messages wait; it follows lateness, so that what waits ends when it is too late.
"""

_filled: dict[str, GateFunction] = {}


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
