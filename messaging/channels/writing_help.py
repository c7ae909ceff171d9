"""Providers of writing help: any address that speaks the protocol of chat completions.

No parameter is sent that some of these servers refuse, such as a limit on tokens, whose name
differs; what comes back is bounded in time and bytes instead.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from kernel.http import AddressForbidden, Answer, Client, HttpUnavailable
from messaging.errors import WritingUnavailable

READ_SECONDS: Final = 20.0
TOTAL_SECONDS: Final = 25.0
MAX_ANSWER: Final = 256 * 1024
MAX_WORDS: Final = 200
"""Characters of a provider's own words that are shown."""
_LATER: Final = "Try again in a moment."
_SETTINGS: Final = "Look at Settings → Writing help."


_KNOWN: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: f"does not take the key. Enter it anew: {_SETTINGS}",
    HTTPStatus.FORBIDDEN: f"does not take the key. Enter it anew: {_SETTINGS}",
    HTTPStatus.NOT_FOUND: f"knows no such model or address. {_SETTINGS}",
}


class WritingHelper(Protocol):
    """What proposes words."""

    def ask(self, rules: str, told: str) -> str:
        """Return the answer to one question, as the model wrote it.

        Args:
            rules: what it is told to be.
            told: what it works on.

        Raises:
            WritingUnavailable: no answer came, in words for people.
        """
        ...


class ChatCompletions:
    """A server that answers ``POST …/chat/completions``."""

    def __init__(self, base_url: str, model: str, key: str) -> None:
        """Prepare to ask; no connection is made yet.

        Args:
            base_url: such as ``https://models.example/v1``.
            model: as the server calls it.
            key: sent as a bearer; empty sends none.
        """
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._host = urlsplit(base_url).hostname or base_url
        self._model = model
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def ask(self, rules: str, told: str) -> str:
        """Return the answer to one question, as the model wrote it."""
        messages = [{"role": "system", "content": rules}, {"role": "user", "content": told}]
        body = {"model": self._model, "messages": messages}
        try:
            with Client(READ_SECONDS, total_seconds=TOTAL_SECONDS, max_bytes=MAX_ANSWER) as client:
                answer = client.send("POST", self._url, headers=self._headers, json=body)
        except AddressForbidden as exc:
            words = f"{self._host} cannot be asked: {exc}. {_SETTINGS}"
            raise WritingUnavailable(words) from exc
        except HttpUnavailable as exc:
            raise WritingUnavailable(f"{self._host} did not answer: {exc}. {_LATER}") from exc
        if answer.status != HTTPStatus.OK:
            raise WritingUnavailable(self._explain(answer))
        return self._read(answer)

    def _read(self, answer: Answer) -> str:
        said = _parse(answer.body)
        choices = said.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        message = first.get("message") if isinstance(first, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(first, dict) and first.get("finish_reason") == "content_filter":
            raise WritingUnavailable(f"{self._host} declined to write this. Say it differently.")
        if not isinstance(content, str) or not content.strip():
            words = f"The answer of {self._host} cannot be read: it holds no text. {_SETTINGS}"
            raise WritingUnavailable(words)
        return content

    def _explain(self, answer: Answer) -> str:
        """Say why there was no answer."""
        error = _parse(answer.body).get("error")
        fault: Mapping[str, Any] = error if isinstance(error, dict) else {"message": error}
        said = str(fault.get("message") or "")[:MAX_WORDS].strip()
        status = answer.status
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._explain_rate(answer, str(fault.get("code") or fault.get("type") or ""))
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            words = f"leads elsewhere; enter the address that it leads to. {_SETTINGS}"
        elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            words = f"has a fault of its own ({status}). {_LATER}"
        else:
            refused = f"refused the request ({status}){f': {said}' if said else ''}."
            words = _KNOWN.get(status, refused)
        return f"{self._host} {words}"

    def _explain_rate(self, answer: Answer, code: str) -> str:
        if code == "insufficient_quota":
            return f"The account at {self._host} has no credit left."
        wait = answer.headers.get("Retry-After", "")
        if wait.isdecimal() and 0 < int(wait) <= 24 * 3600:
            unit = "second" if int(wait) == 1 else "seconds"
            return f"{self._host} is asked too often. Try again in {int(wait)} {unit}."
        return f"{self._host} is asked too often. {_LATER}"


def _parse(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
