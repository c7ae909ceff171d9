"""What becomes of messages that were handed over, one by one."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from messaging.channels.base import (
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    Handed,
    OutcomeUnknown,
    SenderRefused,
)
from messaging.channels.sets import Answer
from messaging.choices import URGENT, FailReason, MessageStatus
from messaging.types import PendingMessage

log = structlog.get_logger(__name__)

MAX_TRIES = 5
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""How long after each try that was put off the next one follows."""
UNAVAILABLE_PAUSE = timedelta(seconds=30)
"""How long messages wait when the mail server itself cannot be reached."""
RESENT = "outcome unknown, sent again"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one message.

    Attributes:
        tries: added to the attempts; 0 where the message was not to blame.
        due_at: when it is tried again; None is never.
        is_answer: the provider works, though the message waits.
    """

    message: PendingMessage
    status: str
    reason: str = ""
    detail: str = ""
    tries: int = 1
    due_at: datetime | None = None
    is_resend: bool = False
    provider_id: str = ""
    is_answer: bool = False

    @property
    def is_unsent(self) -> bool:
        """Whether it was put back as if it had never been claimed."""
        return self.status == MessageStatus.PENDING and self.tries == 0


@dataclass(slots=True)
class Outcomes:
    """What became of a batch that one worker handed over.

    Attributes:
        refusals: what the provider said of those that it will never take.
        fault: the provider could not be reached; there is no point in claiming more now.
    """

    now: datetime
    items: list[Outcome] = field(default_factory=list)
    refusals: list[tuple[PendingMessage, ChannelRejected]] = field(default_factory=list)
    fault: ChannelUnavailable | None = None

    def add(self, later: "Outcomes") -> None:
        """Keep what became of more of them."""
        self.items += later.items
        self.refusals += later.refusals
        self.fault = self.fault or later.fault

    def sent(self, message: PendingMessage, handed: Handed) -> None:
        """Note that the provider took it."""
        detail = RESENT if message.is_resend else ""
        self.items.append(
            Outcome(message, MessageStatus.SENT, detail=detail, provider_id=handed.provider_id)
        )

    def refused(self, message: PendingMessage, refusal: ChannelRejected) -> None:
        """Note that the provider will never take it."""
        words = str(refusal)[:500]
        self.items.append(Outcome(message, MessageStatus.FAILED, FailReason.REJECTED, words))
        self.refusals.append((message, refusal))

    def deferred(
        self,
        message: PendingMessage,
        reason: str,
        pause: timedelta | None,
        *,
        is_answer: bool = False,
    ) -> None:
        """Try again after the provider's own pause or ours, or give up after the last try."""
        if message.attempts + 1 >= MAX_TRIES:
            failed = Outcome(message, MessageStatus.FAILED, FailReason.TRIES_USED_UP, reason[:500])
            self.items.append(failed)
            return
        due_at = self.now + (pause or BACK_OFF[min(message.attempts, len(BACK_OFF) - 1)])
        self.items.append(
            Outcome(
                message,
                MessageStatus.PENDING,
                detail=reason[:500],
                due_at=due_at,
                is_answer=is_answer,
            )
        )

    def unknown(self, message: PendingMessage, reason: str) -> None:
        """Note that the answer was lost; what must arrive is sent again, once."""
        is_again = message.message_class in URGENT and not message.is_resend
        words = RESENT if is_again else "outcome unknown, not sent again"
        self.items.append(
            Outcome(
                message,
                MessageStatus.PENDING if is_again else MessageStatus.UNKNOWN,
                FailReason.OUTCOME_UNKNOWN,
                f"{words}: {reason}"[:500],
                due_at=self.now if is_again else None,
                is_resend=is_again,
            )
        )

    def released(self, message: PendingMessage, reason: str, pause: timedelta) -> None:
        """Put back what was certainly not handed over; it costs no try."""
        self.items.append(
            Outcome(
                message,
                MessageStatus.PENDING,
                detail=reason[:500],
                tries=0,
                due_at=self.now + pause,
            )
        )

    def note(self, message: PendingMessage, answer: Answer) -> None:
        """Keep what a channel answered for a message; None: it was not begun."""
        match answer:
            case Handed():
                self.sent(message, answer)
            case ChannelRejected():
                self.refused(message, answer)
            case SenderRefused():
                self.deferred(message, str(answer), answer.retry_after, is_answer=True)
            case ChannelDeferred():
                self.deferred(message, str(answer), answer.retry_after)
            case OutcomeUnknown():
                self.unknown(message, str(answer))
            case ChannelUnavailable():
                self.fault = self.fault or answer
                pause = answer.retry_after or UNAVAILABLE_PAUSE
                self.released(message, str(answer), pause)
            case None:
                self.released(message, "the provider is slow", timedelta())
            case _:  # the outcomes before it must be recorded all the same
                log.error("channel_broke", message=message.id, exc_info=answer)
                self.unknown(message, repr(answer))
