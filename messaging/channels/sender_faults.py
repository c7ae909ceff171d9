"""Whom it concerns that a provider does not take a sender.

A merchant's usual sender is the account's: nothing leaves before it is mended. One that a rule
chose for some people concerns their mails alone; those of everybody else leave as before.
"""

from typing import Any

from messaging.channels.base import ChannelUnavailable, SenderRefused
from messaging.channels.sets import Answer
from messaging.types import OutgoingEmail


def bear(answer: Answer, message: Any) -> Answer:
    """Return what an answer means for its message: a no to a chosen sender is its own alone."""
    is_sender = isinstance(answer, ChannelUnavailable) and answer.is_sender_fault
    is_chosen = isinstance(message, OutgoingEmail) and message.is_sender_chosen
    return SenderRefused(str(answer)) if is_sender and is_chosen else answer
