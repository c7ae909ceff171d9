"""What a channel can do, and the four ways in which it can say no."""

from typing import Protocol

from messaging.types import OutgoingEmail


class ChannelRejected(Exception):
    """The message was refused for good; the reason is the provider's own."""


class ChannelDeferred(Exception):
    """The message was not taken now; the same one may be taken later."""


class ChannelUnavailable(Exception):
    """Nothing can be handed over now; no message is to blame and none was handed over."""


class OutcomeUnknown(Exception):
    """The message was handed over, but the answer was lost: it may have been taken."""


class Channel(Protocol):
    """Hands one message at a time to a provider, outside any transaction."""

    def send(self, mail: OutgoingEmail) -> None:
        """Hand over one message; returning means that the provider took it.

        Raises:
            ChannelRejected: refused for good.
            ChannelDeferred: not taken now.
            ChannelUnavailable: nothing can be handed over now.
            OutcomeUnknown: nobody knows whether it was taken.
        """
        ...
