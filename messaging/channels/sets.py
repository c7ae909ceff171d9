"""Channels that take several messages at once, and what they answer for each."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from messaging.channels.base import Handed

Answer = Handed | Exception | None
"""Taken; one of the four ways to say no (`messaging.channels.base`); None: time was up before."""


@runtime_checkable
class SetChannel(Protocol):
    """Hands several messages to a provider, outside any transaction."""

    def send_all(self, messages: Sequence[Any], *, until: float) -> list[Answer]:
        """Hand over messages of one account.

        Args:
            messages: as `Channel.send` takes them.
            until: by `time.monotonic`; no message is begun after it.

        Returns:
            One answer for each message, in their order. Nothing is raised for a message: those
            after a fault are answered too.
        """
        ...


@runtime_checkable
class ApartChannel(SetChannel, Protocol):
    """One that may be used beside the worker's own thread: it asks nothing of the database.

    Attributes:
        is_apart: always true; it tells such a channel.
    """

    is_apart: bool
