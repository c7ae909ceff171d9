"""What one template may take of a worker: processor time and memory, beside loops and output.

The clock is looked at while nodes are rendered, so that nothing a template can write goes on behind
its back: every node of it asks whether its tags are allowed.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from liquid import BoundTemplate, Environment, RenderContext
from liquid.exceptions import ResourceLimitError

MAX_SECONDS: Final = 2.0
"""Of processor time that one part may take; a usual mail takes a few thousandths."""
MAX_LOCALS: Final = 1_000_000
"""Bytes that the variables of a template may take together, about."""
MAX_TEXT: Final = 2_000_000
"""Characters that one filter may make of a text."""
EVERY: Final = 128
"""Nodes between two looks at the clock."""
clock: Callable[[], float] = time.thread_time


class TimedContext(RenderContext):
    """A render that ends once it took too long."""

    __slots__ = ("_disabled", "_node_count", "_until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Start the clock; a copy goes on with that of its parent."""
        self._node_count = 0
        self._disabled: list[str] = []
        parent = kwargs.get("parent_context")
        if isinstance(parent, TimedContext):
            self._until: float = parent._until  # noqa: SLF001 of its own kind
        else:
            self._until = clock() + MAX_SECONDS
        super().__init__(*args, **kwargs)

    @property
    def disabled_tags(self) -> list[str]:
        """Tags that must not be used here; asked by each node before it is rendered."""
        self._node_count += 1
        if self._node_count % EVERY == 0 and clock() > self._until:
            words = f"it takes longer than {MAX_SECONDS:g} seconds to write"
            raise ResourceLimitError(words, token=None)
        return self._disabled

    @disabled_tags.setter
    def disabled_tags(self, tags: list[str]) -> None:
        self._disabled = tags


class TimedTemplate(BoundTemplate):
    """A template whose renders are timed."""

    context_class = TimedContext


def limit_filters(environment: Environment) -> None:
    """Let the filters that multiply a text refuse what would become too long."""
    replace, join = environment.filters["replace"], environment.filters["join"]

    def limited_replace(value: Any, seq: Any, sub: Any = "") -> Any:
        text, old, new = str(value), str(seq), str(sub)
        _refuse_long(len(text) + text.count(old) * len(new))
        return replace(value, seq, sub)

    def limited_join(left: Any, separator: Any = " ", *, environment: Environment) -> Any:
        if isinstance(left, list | tuple):
            _refuse_long(len(left) * len(str(separator)))
        return join(left, separator, environment=environment)

    limited_join.with_environment = True  # type: ignore[attr-defined] # how the library asks for it
    environment.add_filter("replace", limited_replace)
    environment.add_filter("join", limited_join)


def _refuse_long(size: int) -> None:
    if size > MAX_TEXT:
        raise ResourceLimitError(f"a text grows beyond {MAX_TEXT:,} characters", token=None)
