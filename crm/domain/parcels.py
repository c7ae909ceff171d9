"""How far a parcel is, from the words of storefronts and carriers. Pure."""

from typing import Final

from crm.choices import ShipmentState

_WORDS: Final = {
    ShipmentState.PENDING: (
        "pending",
        "open",
        "scheduled",
        "unfulfilled",
        "label_printed",
        "label_purchased",
        "confirmed",
        "ready_for_pickup",
    ),
    ShipmentState.SHIPPED: (
        "success",
        "fulfilled",
        "shipped",
        "sent",
        "submitted",
        "in_transit",
        "picked_up",
        "carrier_picked_up",
        "delayed",
        "completed",
    ),
    ShipmentState.OUT_FOR_DELIVERY: ("out_for_delivery",),
    ShipmentState.DELIVERED: ("delivered", "marked_as_delivered"),
    ShipmentState.FAILED: ("failed", "failure", "error", "attempted_delivery", "not_delivered"),
    ShipmentState.RETURNED: ("returned", "return_to_sender"),
    ShipmentState.CANCELLED: ("cancelled", "canceled"),
}
_STATES: Final = {word: state for state, words in _WORDS.items() for word in words}
_STEPS: Final = (
    ShipmentState.PENDING,
    ShipmentState.SHIPPED,
    ShipmentState.OUT_FOR_DELIVERY,
    ShipmentState.DELIVERED,
)
"""The way of a parcel, which goes forward only."""


def state_of(word: str) -> str:
    """Return the `ShipmentState` that a platform's word stands for; empty for an unknown one."""
    return str(_STATES.get(word.strip().lower().replace(" ", "_").replace("-", "_"), ""))


def is_delay(word: str) -> bool:
    """Say whether a carrier's word is that the parcel is late."""
    return word.strip().lower() == "delayed"


def later_state(known: str, said: str) -> str:
    """Return the state after news: one that is further on the way stays.

    A shop that only says "sent" does not take back what the carrier said.
    """
    if not said:
        return known
    if known in _STEPS and said in _STEPS:
        return max(known, said, key=lambda state: _STEPS.index(ShipmentState(state)))
    return said
