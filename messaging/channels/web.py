"""What the providers that are called over HTTP have in common: requests, answers, waiting times."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Final

from kernel import clock
from kernel.http import Answer, AnswerLost, Client, HttpUnavailable
from messaging.channels.base import (
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    OutcomeUnknown,
)

READ_SECONDS: Final = 15.0
"""How long a provider may take over one message."""
LONGEST_WAIT: Final = timedelta(hours=1)


def open_client() -> Client:
    """Return what keeps the connections to one provider; they end with it."""
    return Client(READ_SECONDS)


def hand_over(call: Callable[[], Answer]) -> Answer:
    """Make the request that hands over a message.

    Returns:
        The answer, whatever its status but for those below.

    Raises:
        ChannelUnavailable: the provider cannot be reached, or says that it is down.
        OutcomeUnknown: the message left, and nothing certain came back.
    """
    try:
        answer = call()
    except AnswerLost as exc:
        raise OutcomeUnknown(str(exc)) from exc
    except HttpUnavailable as exc:
        raise ChannelUnavailable(str(exc)) from exc
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        raise ChannelUnavailable("the provider is down", retry_after=read_wait(answer))
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not read_json(answer.body):
        raise OutcomeUnknown(f"the provider answered {answer.status}")
    return answer


class Refusal(Enum):
    """What a provider means that does not take a message."""

    UNSUBSCRIBED = auto()
    DEAD = auto()
    LATER = auto()
    """The recipient gets too much at a time; the account may go on."""
    BUSY = auto()
    """The account must wait."""
    ACCOUNT = auto()
    UNCLEAR = auto()
    FINAL = auto()


def build_refusal(
    cases: Iterable[tuple[Refusal, bool]], said: str, wait: timedelta | None
) -> Exception:
    """Return the error of the first case that holds; where none does, the message is refused.

    Args:
        cases: what it may mean and whether it does, the most telling first.
        said: the provider's code and words.
        wait: how long it asks to wait.
    """
    meaning = next((meaning for meaning, holds in cases if holds), Refusal.FINAL)
    errors: dict[Refusal, Exception] = {
        Refusal.UNSUBSCRIBED: ChannelRejected(said, is_unsubscribed=True),
        Refusal.DEAD: ChannelRejected(said, is_address_dead=True),
        Refusal.LATER: ChannelDeferred(said, retry_after=wait),
        Refusal.BUSY: ChannelUnavailable(said, retry_after=wait, is_throttle=True),
        Refusal.ACCOUNT: ChannelUnavailable(said, is_account_fault=True),
        Refusal.UNCLEAR: OutcomeUnknown(said),
        Refusal.FINAL: ChannelRejected(said),
    }
    return errors[meaning]


def ask(call: Callable[[], Answer]) -> tuple[Answer | None, str]:
    """Make a request that changes nothing.

    Returns:
        The answer and nothing, or None and why there is none, in words.
    """
    try:
        return call(), ""
    except HttpUnavailable as exc:
        return None, f"The provider could not be reached: {exc}."


def basic_auth(name: str, password: str) -> dict[str, str]:
    """Return the header that logs in with a name and a password."""
    said = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {said}"}


def read_json(body: bytes) -> dict[str, Any]:
    """Return a body as an object; empty for one that is none."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def read_wait(answer: Answer) -> timedelta | None:
    """Return how long an answer asks to wait, an hour at most; None where it does not say."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdecimal():
        return min(timedelta(seconds=int(said[:9])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(aware - clock.now(), timedelta()), LONGEST_WAIT)


def read_time(value: object) -> datetime:
    """Return a time that a provider writes, in seconds since 1970 or ISO 8601, else the present."""
    text = str(value or "").strip()
    try:
        if text.isascii() and text.isdecimal():
            return datetime.fromtimestamp(int(text), UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return clock.now()
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def as_number(value: object) -> str:
    """Return a number of a provider in E.164: ``whatsapp:+44…`` and ``44…`` become ``+44…``."""
    text = str(value or "").rpartition(":")[2].strip()
    return f"+{text}" if text.isascii() and text.isdecimal() else text


def child(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return an object inside of another one; empty where there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def children(value: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the objects of a list inside of an object; empty where there are none."""
    found = value.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
