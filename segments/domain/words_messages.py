"""Conditions on what people did with messages of a kind, as a marketer says them.

Events of messages bear the tags of their template: “Opened 3 or more educational emails”.
"""

from collections.abc import Sequence
from typing import Final

from crm.domain.channels import CHANNEL_LABELS
from segments.domain.happenings import EventLeaf, PropertyTest
from segments.domain.words_dates import speak_number

TAGS: Final = "tags"
CHANNEL: Final = "channel"
DONE: Final = {
    "Message Sent": "Was sent",
    "Message Opened": "Opened",
    "Message Clicked": "Clicked in",
}
"""Events of messages that somebody reads or gets, and how a sentence about them begins."""
_COUNTS: Final = {
    "=": "exactly {}",
    "!=": "not exactly {}",
    ">": "more than {}",
    ">=": "{} or more",
    "<": "fewer than {}",
    "<=": "at most {}",
}
_NOUNS: Final = {"email": ("email", "emails"), "push": ("push message", "push messages")}


def describe_message(leaf: EventLeaf) -> str:
    """Say how many messages of a kind somebody got or read, without the time.

    Returns:
        The words; empty where the condition asks for something else, or for no tag.
    """
    begun = DONE.get(leaf.name)
    words = {test.key: _words_of(test) for test in leaf.tests}
    tags, channel = words.get(TAGS, ()), words.get(CHANNEL, ())
    is_plain = len(words) == len(leaf.tests) and words.keys() <= {TAGS, CHANNEL}
    is_said = all(words.values()) and len(channel) < 2  # noqa: PLR2004 one channel has a name
    if not begun or leaf.measure.property or not (tags and is_plain and is_said):
        return ""
    return f"{begun} {_speak_count(leaf, ' or '.join(tags), channel)}"


def _words_of(test: PropertyTest) -> Sequence[str]:
    """Return the words of which one is asked for; none where the test is of another kind."""
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    is_plain = test.operator in ("=", "in")
    return [str(value) for value in values if isinstance(value, str)] if is_plain else ()


def _speak_count(leaf: EventLeaf, kind: str, channel: Sequence[str]) -> str:
    one, many = _noun(channel[0]) if channel else ("message", "messages")
    sign, value = leaf.measure.operator, leaf.measure.value
    if value == 0 and sign in ("=", "<="):
        return f"no {kind} {one}"
    if value == 1 and sign in (">=", "<"):
        return f"{'at least one' if sign == '>=' else 'no'} {kind} {one}"
    count = _COUNTS[sign].format(speak_number(value))
    return f"{count} {kind} {one if value == 1 else many}"


def _noun(channel: str) -> tuple[str, str]:
    name = channel.lower()
    label = CHANNEL_LABELS.get(name, channel)
    return _NOUNS.get(name, (f"{label} message", f"{label} messages"))
