"""To which message an order is credited: the last touch whose window has not closed. Pure."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from crm.choices import Channel
from messaging.choices import TouchKind


class Window(NamedTuple):
    """How long after a touch of a kind an order counts for the message."""

    channel: str
    kind: str
    span: timedelta


WINDOWS: Final[Sequence[Window]] = (
    Window(Channel.EMAIL.value, TouchKind.CLICKED.value, timedelta(days=5)),
    Window(Channel.SMS.value, TouchKind.CLICKED.value, timedelta(days=5)),
    Window(Channel.SMS.value, TouchKind.DELIVERED.value, timedelta(hours=12)),
    Window(Channel.PUSH.value, TouchKind.OPENED.value, timedelta(hours=24)),
    Window(Channel.PUSH.value, TouchKind.CLICKED.value, timedelta(hours=24)),
    Window(Channel.WHATSAPP.value, TouchKind.CLICKED.value, timedelta(days=5)),
    Window(Channel.WHATSAPP.value, TouchKind.OPENED.value, timedelta(hours=12)),
)
"""Openings of e-mails count for nothing, as machines make most of them."""

RULE: Final = (
    "An order counts for the last message that its buyer clicked in the 5 days before (push: 24"
    " hours), or got as an SMS or read on WhatsApp in the 12 hours before. It counts once, for one"
    " message, on the day on which that message left. Refunds are taken off, whenever they come;"
    " scanners never count."
)
