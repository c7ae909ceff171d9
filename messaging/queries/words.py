"""What the timeline says of messages, and what each gate asks, for people."""

from collections.abc import Sequence

from crm.models import Event
from crm.panels import EventWords
from messaging.models import Message

EVENTS = ("Message Sent", "Message Opened", "Message Clicked", "Message Unsubscribed")
GATES = {
    "exit_condition": "No exit condition of the flow is met",
    "flow_filter": "Still matches the filter of the flow",
    "profile": "The person was not erased",
    "address": "There is a valid address",
    "suppression": "The address is not suppressed",
    "consent": "There is consent on this channel",
    "smart_sending": "Nothing promotional was sent a short while ago",
    "lateness": "The moment has not passed",
    "sender": "A sender is set up",
    "render": "The template could be rendered",
}
"""What passing a gate means, in the words of the page."""

_LOOKS = {
    "Message Sent": ("mail", "was sent", "neutral"),
    "Message Opened": ("eye", "was opened", "accent"),
    "Message Clicked": ("link", "was clicked", "accent"),
    "Message Unsubscribed": ("blocked", "ended with an unsubscribe", "bad"),
}


def speak_messages(events: Sequence[Event]) -> dict[int, EventWords]:
    """Word what became of messages; one statement for any number."""
    ids = {event.object_id for event in events if event.object_id is not None}
    rows = Message.objects.filter(pk__in=ids).values_list("pk", "subject", "template__name")
    titles = {pk: subject or name for pk, subject, name in rows}
    words = {}
    for event in events:
        symbol, verb, tone = _LOOKS[event.name]
        title = titles.get(event.object_id or 0)
        url = str(event.properties.get("url", ""))
        said = f"“{title}” {verb}" if title else f"A message {verb}"
        words[event.pk] = EventWords(symbol, said, url, tone)
    return words
