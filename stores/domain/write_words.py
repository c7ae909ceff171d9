"""What is written to stores, in words for people. Pure."""

from collections.abc import Mapping
from typing import Any, Final

FIELDS: Final[dict[str, str]] = {
    "rfm_group": "RFM group",
    "orders_count": "Number of orders",
    "lifetime_value": "Net revenue",
    "loyalty_points": "Loyalty points",
}
"""Figures that can be written, by the key that they have at the store."""
_GIVES: Final = {
    "percent": "{amount}% off",
    "amount": "{amount} off",
    "free_shipping": "free shipping",
}


def describe_value(kind: str, value: Mapping[str, Any]) -> str:
    """Return how something shall be at a store, in one line."""
    match kind:
        case "segments":
            return ", ".join(value.get("tags", ())) or "no tags of segments"
        case "tags":
            return ", ".join(value.get("tags", ())) or "no tags of Patron"
        case "consent":
            said = [f"{channel} {each['state']}" for channel, each in value.items()]
            return ", ".join(said)
        case "codes":
            return _describe_code(value)
        case _:
            return ", ".join(f"{FIELDS[name]} {_show(each)}" for name, each in value.items())


def _describe_code(value: Mapping[str, Any]) -> str:
    terms = value.get("terms", {})
    words = _GIVES.get(terms.get("kind", ""), "").format(amount=terms.get("amount"))
    return words if value.get("is_active") else f"{words}, switched off".strip(", ")


def _show(value: Any) -> str:
    return f"{value['amount']} {value['currency']}" if isinstance(value, Mapping) else str(value)
