"""Tests: messages that a member asked for, written to a colleague with the values of a person.

They go the way of every message, with three differences: they are addressed to the colleague, they
say so in their subject, and what becomes of them says nothing about the person.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crm.choices import ConsentState
from messaging.types import PendingMessage, RenderedEmail

TEST = "test"
"""Key of a message's context that names to whom a test goes: ``{"to": address}``."""
MARK = "[Test]"


def address_of_test(context: Mapping[str, Any]) -> str:
    """Return to whom a test goes; empty for a message that is none."""
    said = context.get(TEST)
    if said is None:  # nearly always, and asked often
        return ""
    return str(said.get("to", "")) if isinstance(said, Mapping) else ""


def address_test(message: PendingMessage) -> PendingMessage:
    """Return a test with the colleague's address on it; any other message as it is."""
    address = address_of_test(message.context)
    if not address:
        return message
    consent = ConsentState.SUBSCRIBED.value
    person = message.profile._replace(email=address, email_consent=consent)
    return message._replace(profile=person)


def mark_test(message: PendingMessage, content: Any) -> Any:
    """Return what a test says with its mark; any other message as it is."""
    if not isinstance(content, RenderedEmail) or not address_of_test(message.context):
        return content
    return replace(content, subject=f"{MARK} {content.subject}")
