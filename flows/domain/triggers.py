"""Whether a trigger filter holds for the properties of an event."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from flows.domain.values import EventMatch, PropertyCondition

ABOUT: Final[dict[str, str]] = {
    **dict.fromkeys(("Order Placed", "Order Updated", "Order Cancelled"), "order_id"),
    **dict.fromkeys(("Return Initiated", "Return Updated", "Return Completed"), "return_id"),
    "Back In Stock": "variant_id",
    "Price Dropped": "variant_id",
    "Stock Low": "variant_id",
}
"""What the object of an event is, by the event's name.

Parcels and refunds are objects of their own: their events carry ``order_id`` as a property."""


def holds(where: Sequence[PropertyCondition], properties: Mapping[str, Any]) -> bool:
    """Say whether all conditions hold; a property that is missing fails all but ``not_set``."""
    return all(_holds(condition, properties.get(condition.name)) for condition in where)


def fits(match: EventMatch, properties: Mapping[str, Any], trigger: Mapping[str, Any]) -> bool:
    """Say whether the properties of an event are those that something waits for.

    Args:
        match: what it waits for; the name is not looked at.
        properties: of the event.
        trigger: properties of what started the run; one that it lacks equals nothing. Of a list
            in the event one of its own is enough, such as one product of an order.
    """
    if not holds(match.where, properties):
        return False
    return all(_is_same(properties.get(name), trigger.get(other)) for name, other in match.same)


def name_properties(
    event: str, object_id: int | None, properties: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the properties of an event, with the id of what it is about under its name.

    Orders are known as ``order_id``, variants as ``variant_id``; a property of that name stays.
    """
    name = ABOUT.get(event)
    if name is None or object_id is None or name in properties:
        return properties
    return {**properties, name: object_id}


def _is_same(left: Any, right: Any) -> bool:
    """Compare as text; of a list, such as what was bought, any may be the same."""
    if isinstance(left, list):
        return any(_is_same(each, right) for each in left)
    return left not in (None, "") and right not in (None, "") and str(left) == str(right)


def _holds(condition: PropertyCondition, actual: Any) -> bool:
    if condition.operator == "not_set":
        return actual is None
    if actual is None:
        return False
    return OPERATORS[condition.operator](actual, condition.value)


def _compare(test: Callable[[Decimal, Decimal], bool]) -> Callable[[Any, Any], bool]:
    def compare(actual: Any, value: Any) -> bool:
        left, right = _number(actual), _number(value)
        return left is not None and right is not None and test(left, right)

    return compare


def _equals(actual: Any, value: Any) -> bool:
    if actual == value:
        return True
    left, right = _number(actual), _number(value)
    return left is not None and left == right


def _contains(actual: Any, value: Any) -> bool:
    if isinstance(actual, list):
        return value in actual
    return str(value).casefold() in str(actual).casefold()


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": _equals,
    "!=": lambda actual, value: not _equals(actual, value),
    ">": _compare(lambda left, right: left > right),
    ">=": _compare(lambda left, right: left >= right),
    "<": _compare(lambda left, right: left < right),
    "<=": _compare(lambda left, right: left <= right),
    "contains": _contains,
    "in": lambda actual, value: isinstance(value, list) and actual in value,
    "is_set": lambda actual, value: True,
    "not_set": lambda actual, value: False,
}
"""By word: a test of the event's value against the filter's. Amounts compare as numbers."""
NEEDS_NO_VALUE: Final = frozenset({"is_set", "not_set"})
