"""What a template may say: a name, and who knows its value.

This app owns the registry; every app fills in what it knows from its `AppConfig.ready`. Only
names that a template uses are asked for, once per batch.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from messaging.types import PendingMessage

VariableFunction = Callable[[Sequence[PendingMessage]], Mapping[int, Any]]
"""Takes a batch of the active tenant; answers by message id with plain data.

A message it does not answer for lacks the variable, and is not sent if its template needs it.
"""

_filled: dict[str, VariableFunction] = {}


def fill_variable(name: str, values: VariableFunction) -> None:
    """Say who knows a variable; a later call takes its place."""
    _filled[name] = values


def known_variables() -> frozenset[str]:
    """Return the names a template may use."""
    return frozenset(_filled)


def gather_values(
    names: frozenset[str], messages: Sequence[PendingMessage]
) -> dict[int, dict[str, Any]]:
    """Return the values of some variables for each message, by message id."""
    values: dict[int, dict[str, Any]] = {message.id: {} for message in messages}
    for name in sorted(names & known_variables()):
        for message_id, value in _filled[name](messages).items():
            values[message_id][name] = value
    return values
