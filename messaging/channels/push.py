"""One push message to every browser and device of a person, whichever provider each is at.

It is sent once one of them took it. A token that its provider calls dead is told of, so that
nothing goes there again; what others said only matters where none took the message.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from requests import exceptions
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from kernel.http import AddressForbidden, Answer, HttpUnavailable
from messaging.channels.base import (
    Account,
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    Handed,
    OutcomeUnknown,
    OutgoingPush,
)

READ_SECONDS: Final = 10.0
TOTAL_SECONDS: Final = 15.0
MAX_BYTES: Final = 64 * 1024
"""Of what a provider answers to one message: how long it may take, and how much it may say."""
MAX_WAIT: Final = timedelta(hours=6)
"""A longer Retry-After is not waited for."""
_BEFORE_SENDING: Final = (
    ConnectTimeoutError,
    NewConnectionError,
    exceptions.ConnectTimeout,
    exceptions.SSLError,
    exceptions.InvalidURL,
)
"""What goes wrong before a byte of the message left."""


class PushGone(ChannelRejected):
    """The browser or device does not exist any more, or never did."""


@dataclass(frozen=True, slots=True)
class PushItem:
    """One token that a message goes to, and the account that its provider knows it by."""

    token_id: int
    account: Account
    outgoing: OutgoingPush


@dataclass(frozen=True, slots=True)
class PushBundle:
    """A message for all tokens of a person.

    Attributes:
        forget: told of the tokens that are gone, with what their provider said, by token id.
    """

    items: Sequence[PushItem]
    forget: Callable[[Mapping[int, str]], None] = field(repr=False)


HandOver = Callable[[Account, OutgoingPush], Handed]
SENDERS: Final[dict[str, HandOver]] = {}
"""How each provider takes a message for one token, by its word; their modules fill it."""


class PushChannel:
    """Hands bundles over; the account that it was opened with is that of the channel alone."""

    def send(self, bundle: PushBundle) -> Handed:
        """Hand one message to all tokens; see `messaging.channels.base.Channel`."""
        taken: list[Handed] = []
        faults: list[Exception] = []
        gone: dict[int, str] = {}
        for item in bundle.items:
            try:
                taken.append(SENDERS[item.account.provider](item.account, item.outgoing))
            except PushGone as exc:
                gone[item.token_id] = str(exc)
            except (
                ChannelRejected,
                ChannelDeferred,
                ChannelUnavailable,
                OutcomeUnknown,
            ) as exc:
                faults.append(exc)
        if gone:
            bundle.forget(gone)
        if taken:
            return taken[0]
        raise _worst(faults)


def open_push(_: Account) -> PushChannel:
    """Return the channel of every push provider: each token brings the account of its own."""
    return PushChannel()


def explain(exc: HttpUnavailable) -> Exception:
    """Return what a request that got no answer means for its message."""
    if isinstance(exc, AddressForbidden):
        return PushGone(str(exc))
    found: BaseException | None = exc
    seen: list[BaseException] = []
    while found is not None and found not in seen:
        seen.append(found)
        inner = (found, *found.args, getattr(found, "reason", None))
        inner += tuple(getattr(each, "reason", None) for each in found.args)
        if any(isinstance(each, _BEFORE_SENDING) for each in inner):
            return ChannelUnavailable(str(exc))
        found = found.__cause__ or found.__context__
    return OutcomeUnknown(str(exc))


def retry_after(answer: Answer) -> timedelta | None:
    """Return how long a provider asks to wait; None where it says nothing that can be read."""
    said = answer.headers.get("Retry-After", "")
    if not said.isascii() or not said.isdecimal() or len(said) > 6:  # noqa: PLR2004 days
        return None
    return min(timedelta(seconds=int(said)), MAX_WAIT)


def _worst(faults: Sequence[Exception]) -> Exception:
    """Return the fault that decides what becomes of a message nobody took."""
    unknown = next((each for each in faults if isinstance(each, OutcomeUnknown)), None)
    if unknown is not None:
        return unknown
    waiting = [each for each in faults if not isinstance(each, ChannelRejected)]
    if waiting and all(isinstance(each, ChannelUnavailable) for each in faults):
        return waiting[0]
    if waiting:
        pauses = [pause for each in waiting if (pause := getattr(each, "retry_after", None))]
        return ChannelDeferred(str(waiting[0]), retry_after=max(pauses, default=None))
    if faults:
        return faults[0]
    return ChannelRejected("none of their browsers and devices exists any more")
