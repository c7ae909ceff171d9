"""The outbound edge: where mail goes through, what it says, and every message with its fate."""

from messaging.models.channels import ChannelAccount, ProviderCallback, Sender, SendingDomain
from messaging.models.content import Brand, Template
from messaging.models.messages import Message, Touch
from messaging.models.people import Preferences, Topic

__all__ = [
    "Brand",
    "ChannelAccount",
    "Message",
    "Preferences",
    "ProviderCallback",
    "Sender",
    "SendingDomain",
    "Template",
    "Topic",
    "Touch",
]
