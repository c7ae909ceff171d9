"""Discount codes: their terms, and whether what a store has is the same. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

MAX_LENGTH: Final = 50
PERCENT, AMOUNT, FREE_SHIPPING = "percent", "amount", "free_shipping"
KINDS: Final = (PERCENT, AMOUNT, FREE_SHIPPING)
OTHER_TERMS: Final = "The shop has this code already, with other terms; nothing was changed"
ENDED: Final = "The shop has this code already, and it has ended; nothing was changed"
_WHOLE: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class CodeTerms:
    """What a discount code gives, and to whom; compared by its ``as_value``.

    Attributes:
        kind: ``percent``, ``amount`` or ``free_shipping``.
        amount: per cent above 0 up to 100, or money in the store's currency; 0 of free shipping.
        starts_at: aware; None: as soon as it is asked for.
        ends_at: aware; None: it does not end.
        minimum: what an order must come to, in the store's currency; None: anything.
        usage_limit: how often it can be used by all; None: any number of times.
        once_per_customer: whether each may use it once.
    """

    kind: str
    amount: Decimal
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    minimum: Decimal | None = None
    usage_limit: int | None = None
    once_per_customer: bool = False

    def as_value(self) -> dict[str, Any]:
        """Return the terms as they are kept, each written in one way."""
        return {
            "kind": self.kind,
            "amount": spell(self.amount),
            "starts_at": stamp(self.starts_at),
            "ends_at": stamp(self.ends_at),
            "minimum": spell(self.minimum),
            "usage_limit": self.usage_limit,
            "once_per_customer": self.once_per_customer,
        }

    def find_fault(self) -> str:
        """Return what is wrong with the terms, for people; empty: nothing."""
        rules = (
            (self.kind in KINDS, f"A code gives one of {', '.join(KINDS)}"),
            (
                self.kind != PERCENT or 0 < self.amount <= _WHOLE,
                "The percentage must be above 0 and at most 100",
            ),
            (self.kind != AMOUNT or self.amount > 0, "The amount must be above 0"),
            (
                not self.ends_at or not self.starts_at or self.ends_at > self.starts_at,
                "The code must end after it starts",
            ),
            (
                self.usage_limit is None or self.usage_limit > 0,
                "A code that is limited can be used once at least",
            ),
            (
                self.minimum is None or self.minimum > 0,
                "The least that an order must come to is above 0",
            ),
        )
        return next((words for is_kept, words in rules if not is_kept), "")


def clean_code(text: str) -> str:
    """Return a code as shops take it, empty where it is none: letters, digits, ``-`` and ``_``."""
    code = text.strip()
    is_good = code.replace("-", "").replace("_", "").isalnum() and code.isascii()
    return code if is_good and len(code) <= MAX_LENGTH else ""


def spell(number: Decimal | str | float | None) -> str | None:
    """Return a number as it is compared; None where there is none."""
    if number is None:
        return None
    try:
        return f"{Decimal(str(number)).normalize():f}"
    except InvalidOperation:
        return None


def stamp(at: datetime | None) -> str | None:
    """Return a time as it is compared: UTC, to the second."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds")


def compare(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    """Say why a code that a store has is not the one that is wanted; empty: it is.

    Args:
        wanted: terms as ``as_value`` gives them, among other things.
        there: terms in the same words; what a platform does not know is left out.
    """
    return OTHER_TERMS if any(wanted.get(name) != told for name, told in there.items()) else ""
