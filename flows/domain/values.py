"""Small values of which definitions are made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final

ORDER_PLACED: Final = "Order Placed"
CART: Final = "cart_id"
BOUGHT: Final = frozenset({"product_ids", "variant_ids", "skus"})
"""What an order is asked for by what was bought with it: ids at its store, and SKUs."""
PARK, SKIP_NODE, EXIT_RUN = "park", "skip", "exit"
MOST_WAIT: Final = timedelta(days=1)
Condition = Mapping[str, Any]
"""A segment definition; in a split also leaves such as ``{"message": "n1", "is": "opened"}``, and
``{"trigger": "total", "is": ">=", "value": 50}`` of the event that started the run."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time in the unit that was asked for; days are calendar days where they wait."""

    n: int
    unit: str

    @property
    def length(self) -> timedelta:
        """The length with days of 24 hours."""
        return _length(self.unit, self.n)


@dataclass(frozen=True, slots=True)
class PropertyCondition:
    """A test of one property of an event."""

    name: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class EventMatch:
    """An event of the profile that something waits for or ends by.

    Attributes:
        event: its name.
        where: tests of its properties; all of them hold.
        same: pairs of a property of it and the property of the trigger event that it equals.
        message: key of the message node whose own message it is about; empty asks for none.
    """

    event: str
    where: tuple[PropertyCondition, ...] = ()
    same: tuple[tuple[str, str], ...] = ()
    message: str = ""

    @property
    def needs_properties(self) -> bool:
        """Whether the name alone does not tell."""
        return bool(self.where or self.same)

    @property
    def asks_for_cart(self) -> bool:
        """Whether it asks of which cart an order was made."""
        return self.event == ORDER_PLACED and CART in self._names

    @property
    def asks_for_goods(self) -> bool:
        """Whether it asks what was bought with an order."""
        return self.event == ORDER_PLACED and not BOUGHT.isdisjoint(self._names)

    @property
    def _names(self) -> list[str]:
        return [condition.name for condition in self.where] + [name for name, _ in self.same]


@dataclass(frozen=True, slots=True)
class ErrorPolicy:
    """What becomes of a run that cannot pass a node.

    Attributes:
        retry: so often it is tried again.
        wait: how long until the first of these; each next one takes twice as long.
        then: ``park`` until somebody resumes it, ``skip`` the node, or ``exit``.
    """

    retry: int = 0
    wait: timedelta = timedelta(minutes=5)
    then: str = PARK

    def wait_before(self, failures: int) -> timedelta | None:
        """Return how long to wait after so many failures; None once it is given up."""
        if failures > self.retry:
            return None
        times: int = 2 ** (failures - 1)
        return min(self.wait * times, MOST_WAIT)


@cache
def _length(unit: str, n: int) -> timedelta:
    """Return a length, which runs of a batch ask for again and again."""
    return timedelta(**{unit: n})
