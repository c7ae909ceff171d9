"""What turns a claimed message into what its channel sends: one writer per channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from messaging.models import Template
from messaging.types import PendingMessage


class Compiled(Protocol):
    """A template whose Liquid was read.

    Attributes:
        variables: first words of everything it asks for.
    """

    @property
    def variables(self) -> frozenset[str]:
        """Return the names of the values that it needs."""
        ...

    def asks(self, name: str, values: Mapping[str, Any]) -> bool:
        """Say whether whom it is written to reads a part that asks for a variable.

        Args:
            name: of the variable.
            values: of the message; those of the variable itself are not needed.
        """
        ...

    def render(self, values: Mapping[str, Any]) -> Any:
        """Return what it says with some values.

        Raises:
            RenderError: a value is missing, or one that a filter cannot take.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ready:
    """A claimed message and what is handed over for it.

    Attributes:
        outgoing: what `messaging.channels.base.Channel.send` takes on the message's channel.
        address: where it goes, as pages show it.
        subject: what lists show of it: subject, title or the first words.
        message_id: RFC 5322 Message-ID of a mail; empty on other channels.
        parts: into how many SMS it is cut.
    """

    message: PendingMessage
    outgoing: Any
    address: str
    subject: str
    message_id: str = ""
    parts: int = 1


class Writer(Protocol):
    """Writes the messages of one channel; made once per batch, inside its transaction."""

    def begin(self, messages: Sequence[PendingMessage]) -> None:
        """Look up for all messages of the batch at once what writing them needs."""

    def finish(self) -> None:
        """Keep for all messages at once what writing them made."""

    def compile(self, template: Template) -> Compiled:
        """Read the Liquid of a template, from memory where it was read before.

        Raises:
            TemplateInvalid: it cannot be compiled.
        """
        ...

    def write(self, message: PendingMessage, content: Any, values: Mapping[str, Any]) -> Ready:
        """Put a rendered message together.

        Args:
            message: has passed every gate.
            content: what `Compiled.render` made.
            values: with which it was rendered.

        Raises:
            RenderError: it says nothing, or nothing that the channel takes.
        """
        ...
