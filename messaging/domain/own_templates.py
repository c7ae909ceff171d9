"""Templates that Patron sends by itself, whatever flows and campaigns use."""

from collections.abc import Mapping
from typing import Final

CONFIRM_SUBSCRIPTION: Final = "confirm_subscription"
YOUR_DATA: Final = "your_data"
ANSWER: Final = "answer_"
"""Begins the keys of those that carry an answer, one for each channel."""
_OCCASIONS: Final[Mapping[str, str]] = {
    CONFIRM_SUBSCRIPTION: "Sent when somebody signs up and has to confirm it",
    YOUR_DATA: "Sent when somebody asks for a copy of their data",
}


def find_occasion(key: str) -> str:
    """Return when Patron sends a template by itself, for people; empty where it never does."""
    if key.startswith(ANSWER):
        return "Sent when your team or a keyword answers"
    return _OCCASIONS.get(key, "")
