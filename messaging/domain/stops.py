"""Which messages a pause or a cancellation is of, and how it is said."""

from collections.abc import Mapping
from typing import Final

from messaging.choices import MessageClass, StopKind, StopScope
from messaging.types import PendingMessage
from tenants.domain.actions import describe_actor

CLASSES: Final[Mapping[str, frozenset[str]]] = {
    StopScope.EVERYTHING.value: frozenset(MessageClass.values),
    StopScope.MARKETING.value: frozenset(
        {MessageClass.PROMOTIONAL.value, MessageClass.BEHAVIOURAL.value}
    ),
    StopScope.PROMOTIONS.value: frozenset({MessageClass.PROMOTIONAL.value}),
}
"""The scopes that name no target, by the classes of messages that they are of."""


def is_covered(scope: str, target: str, message: PendingMessage) -> bool:
    """Say whether a message is one of those that a scope with its target names."""
    if scope in CLASSES:
        return message.message_class in CLASSES[scope]
    named = {
        StopScope.FLOW.value: message.flow_id,
        StopScope.TEMPLATE.value: message.template_id,
        StopScope.CAMPAIGN.value: message.context.get("campaign_id"),
        StopScope.CHANNEL.value: message.channel,
    }
    return str(named[scope]) == target


def say_scope(scope: str, label: str) -> str:
    """Return which messages are meant, at the beginning of a sentence."""
    words = {
        StopScope.EVERYTHING.value: "All messages",
        StopScope.MARKETING.value: "Marketing messages",
        StopScope.PROMOTIONS.value: "Promotions",
        StopScope.FLOW.value: f"Messages of the flow {label}",
        StopScope.TEMPLATE.value: f"Messages of the template {label}",
        StopScope.CAMPAIGN.value: f"Messages of the campaign {label}",
        StopScope.CHANNEL.value: f"Messages by {label}",
    }
    return words[scope]


def say_pause(actor: str, reason: str) -> str:
    """Return why a message waits, for the message itself."""
    return f"paused by {describe_actor(actor)}" + (f": {reason}" if reason else "")


def is_pause(kind: str) -> bool:
    """Say whether what is covered waits, rather than ends."""
    return kind == StopKind.PAUSE.value
