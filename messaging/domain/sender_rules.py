"""Who writes to whom: the first rule that somebody meets names the sender."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

COUNTRY: Final = "country"
LANGUAGE: Final = "language"
STORE: Final = "store"
PROPERTY: Final = "property"
MOST_VALUES: Final = 50
MAX_VALUE: Final = 100
"""Characters of one value, and of the name of a property."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        trait: ``country``, ``store``, ``property``, or one that an app above tells of.
        key: of the property; empty for the others.
        values: one of them is enough; as `fold` writes them.
    """

    id: int
    sender_id: int
    trait: str
    key: str
    values: frozenset[str]

    @property
    def name(self) -> str:
        """Return what of a person the rule looks at."""
        return f"{self.trait}:{self.key}"


def find_rule(rules: Sequence[Rule], traits: Mapping[str, frozenset[str]]) -> Rule | None:
    """Return the first rule that somebody meets.

    Args:
        rules: in their order.
        traits: of the person: values by `Rule.name`; what is missing meets nothing.
    """
    return next((rule for rule in rules if rule.values & traits.get(rule.name, _NONE)), None)


def fold(value: Any) -> frozenset[str]:
    """Return a value as rules compare it: without case, a list as each of its parts."""
    parts: Iterable[Any] = value if isinstance(value, list | tuple) else (value,)
    said = (_spell(part) for part in parts)
    return frozenset(text for text in said if text)


def _spell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip().casefold() if isinstance(value, str | int | float) else ""


_NONE: Final[frozenset[str]] = frozenset()
