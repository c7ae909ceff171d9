"""Several mails in one request, where a provider takes each as it is and answers for each.

Every mail keeps its own text, headers and reference: nothing is merged by the provider. What is in
one request shares what becomes of it where its answer is lost, so it holds few. A request that is
refused as a whole was taken in no part; it is halved until the mail to blame stands alone. Where
a provider broke down over it, some of its mails may have been taken.
"""

import hashlib
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import chain
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin

import requests
from anymail.exceptions import AnymailError

from messaging.channels.anymail_base import (
    LOST,
    MAX_WORDS,
    TIMEOUT_SECONDS,
    AnymailChannel,
    Esp,
    cause_of,
    refusal,
    retry_after,
    said_by,
    was_not_reached,
)
from messaging.channels.base import (
    Account,
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    OutcomeUnknown,
)
from messaging.channels.sender_faults import bear
from messaging.channels.sets import Answer
from messaging.types import OutgoingEmail

MOST_TOGETHER: Final = 50
"""Mails in one request: so many are in doubt at once."""
HALVING_SECONDS: Final = 45.0
"""How long after a hand-over should have ended the halves of a set are begun: its lease goes on."""
REPEATS: Final = 2
PAUSE_SECONDS: Final = 1.0
"""How often a request whose answer was lost is made again under its key, where that is harmless,
and the pause before each time."""
MOST_ALONE: Final = 10
"""So few mails that must arrive go one by one, each under a key of its own where there is one."""


class Written(NamedTuple):
    """One mail, its place among those that are handed over, and how the library says it."""

    place: int
    mail: OutgoingEmail
    payload: Any


@dataclass(frozen=True, slots=True)
class Batch:
    """How one provider takes several mails.

    Attributes:
        path: behind the address of its interface.
        join: makes the body of what the library says of each mail.
        read: takes status, body and how many mails there were, and returns an answer for each, in
            their order; None where the body says nothing of single mails. Raises `OutcomeUnknown`
            where it says something of them that cannot be read.
        headers: of the request.
        common: what all mails of one request must have alike, of what the library says of one.
    """

    path: str
    join: Callable[[list[Any]], Any]
    read: Callable[[int, Any, int], list[Answer] | None]
    headers: Mapping[str, str] = field(default_factory=dict)
    common: Callable[[Any], Hashable] = lambda said: None


class AnymailSetChannel(AnymailChannel):
    """One account of a provider that takes several mails in one request."""

    def __init__(self, batch: Batch, account: Account, esp: Esp, api_url: str) -> None:
        """Prepare to send; no connection is made yet."""
        super().__init__(account, esp, api_url)
        self._batch = batch

    def send_all(self, mails: Sequence[OutgoingEmail], *, until: float) -> list[Answer]:
        """Hand over several mails; see `messaging.channels.sets.SetChannel`."""
        answers: list[Answer] = [None] * len(mails)
        apart = self._choose_apart(mails)
        said = self._send_apart([mails[place] for place in apart], until)
        for place, answer in zip(apart, said, strict=True):
            answers[place] = answer
        if any(map(_is_end, said)):
            return [_fault_among(said) if each is None else each for each in answers]
        written = self._build_all(mails, answers, apart)
        groups = self._share_out(written)
        for number, group in enumerate(groups, 1):
            if time.monotonic() >= until:
                break
            self._open(group[0].mail)
            said = self._hand_over(group, until + HALVING_SECONDS)
            for each, answer in zip(group, said, strict=True):
                answers[each.place] = answer
            if any(map(_is_end, said)):
                for each in chain.from_iterable(groups[number:]):
                    answers[each.place] = _fault_among(said)
                break
        return answers

    def _choose_apart(self, mails: Sequence[OutgoingEmail]) -> list[int]:
        """Return the places of mails that go alone, so that each can be asked again later.

        The key of a set is good for that set alone, which is not put together a second time.
        """
        urgent = [place for place, mail in enumerate(mails) if mail.must_arrive]
        return urgent if self._esp.is_repeatable and len(urgent) <= MOST_ALONE else []

    def _send_apart(self, mails: Sequence[OutgoingEmail], until: float) -> list[Answer]:
        """Hand over mails one by one; None: it was not begun."""
        answers: list[Answer] = [None] * len(mails)
        for place, mail in enumerate(mails):
            if time.monotonic() >= until or any(map(_is_end, answers)):
                break
            try:
                answers[place] = self.send(mail)
            except Exception as exc:  # noqa: BLE001 a way to say no, or the end of our time
                answers[place] = bear(exc, mail)
        return answers

    def _build_all(
        self, mails: Sequence[OutgoingEmail], answers: list[Answer], apart: Sequence[int]
    ) -> list[Written]:
        """Return mails in their order; one that cannot be written has its answer."""
        written = []
        for place, mail in enumerate(mails):
            if place in apart:
                continue
            try:
                written.append(Written(place, mail, self._build(mail)))
            except (AnymailError, ValueError) as exc:
                answers[place] = ChannelRejected(f"cannot be written as a mail: {exc}"[:MAX_WORDS])
        return written

    def _share_out(self, written: Sequence[Written]) -> list[list[Written]]:
        """Return the mails of each request."""
        alike: dict[Hashable, list[Written]] = {}
        for each in written:
            alike.setdefault(self._batch.common(each.payload.data), []).append(each)
        return [
            group[first : first + MOST_TOGETHER]
            for group in alike.values()
            for first in range(0, len(group), MOST_TOGETHER)
        ]

    def _build(self, mail: OutgoingEmail) -> Any:
        """Return a mail as the library would say it."""
        backend = self._connection
        return backend.build_message_payload(self._write(mail), backend.send_defaults)

    def _hand_over(self, group: Sequence[Written], until: float) -> list[Answer]:
        """Return an answer for each mail, whatever happens; None: no half with it was begun."""
        said: list[Answer]
        try:
            said = self._ask([each.payload for each in group])
        except Exception as exc:  # noqa: BLE001 one of the ways to say no, or the end of our time
            if len(group) > 1 and _is_of_some(exc):
                return self._halve(group, until)
            said = [exc] * len(group)
        return [bear(answer, each.mail) for each, answer in zip(group, said, strict=True)]

    def _halve(self, group: Sequence[Written], until: float) -> list[Answer]:
        """Hand over the halves of what was refused as a whole, while there is a point in it.

        Behind the end of the time another worker may have taken what was not begun.
        """
        middle = len(group) // 2
        said: list[Answer] = []
        for half in (group[:middle], group[middle:]):
            if time.monotonic() >= until or any(map(_is_end, said)):
                said += [_fault_among(said)] * len(half)
            else:
                said += self._hand_over(half, until)
        return said

    def _ask(self, payloads: list[Any]) -> list[Answer]:
        """Make the request.

        Raises:
            ChannelRejected, ChannelDeferred, ChannelUnavailable: a no that holds for every mail.
            OutcomeUnknown: the answer was lost.
        """
        params = self._params(payloads)
        try:
            return self._request(params, len(payloads))
        except OutcomeUnknown as exc:
            if not self._esp.is_repeatable:
                raise
            return self._ask_again(params, len(payloads), exc)

    def _ask_again(
        self, params: Mapping[str, Any], count: int, lost: OutcomeUnknown
    ) -> list[Answer]:
        """Make a request again under its key; what any other no says is of no use any more.

        Raises:
            OutcomeUnknown: it was lost each time.
        """
        for _ in range(REPEATS):
            time.sleep(PAUSE_SECONDS)
            with suppress(*_NOES):
                return self._request(params, count)
        raise lost

    def _params(self, payloads: list[Any]) -> dict[str, Any]:
        first = payloads[0]
        params: dict[str, Any] = first.get_request_params(self._connection.api_url)
        params["url"] = urljoin(self._connection.api_url, self._batch.path)
        params["data"] = first.serialize_json(self._batch.join([each.data for each in payloads]))
        headers = {**(params["headers"] or {}), **self._batch.headers}
        if self._esp.is_repeatable:
            digest = hashlib.sha256(params["data"].encode()).hexdigest()
            headers["Idempotency-Key"] = f"set-{digest}"
        return {**params, "headers": headers, "timeout": TIMEOUT_SECONDS}

    def _request(self, params: Mapping[str, Any], count: int) -> list[Answer]:
        try:
            response = self._connection.session.request(**params)
        except requests.RequestException as exc:
            if was_not_reached(exc):
                raise ChannelUnavailable(cause_of(exc)) from exc
            raise OutcomeUnknown(cause_of(exc)) from exc
        status, words = response.status_code, said_by(response)
        try:
            body = response.json()
        except ValueError:
            body = None
        is_read = status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _WHOLE
        answers = self._batch.read(status, body, count) if is_read else None
        if answers is not None:
            return answers
        is_used = status == HTTPStatus.CONFLICT and self._esp.is_repeatable
        is_amid = count > 1 and status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in _WHOLE
        if status < HTTPStatus.MULTIPLE_CHOICES or status in LOST or is_used or is_amid:
            raise OutcomeUnknown(words)
        self._esp.refuse(status, body if isinstance(body, Mapping) else {})
        raise refusal(status, words, retry_after(response))


_WHOLE: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
"""What a provider answers before it looks at single mails."""
_NOES: Final = (ChannelRejected, ChannelDeferred, ChannelUnavailable, OutcomeUnknown)


def _is_end(answer: Answer) -> bool:
    """Say whether no other request is begun: the provider is down, or this one was interrupted."""
    is_foreign = isinstance(answer, Exception) and not isinstance(answer, _NOES)
    return is_foreign or isinstance(answer, ChannelUnavailable)


def _fault_among(said: Sequence[Answer]) -> Answer:
    """Return the fault that those wait for too that were not begun; None where there is none."""
    return next((each for each in said if isinstance(each, ChannelUnavailable)), None)


def _is_of_some(no: Exception) -> bool:
    """Say whether a no to a whole request may be to some of its mails alone."""
    is_sender = isinstance(no, ChannelUnavailable) and no.is_sender_fault
    return is_sender or isinstance(no, ChannelRejected)
