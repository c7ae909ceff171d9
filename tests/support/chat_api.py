"""A stand-in for servers of language models: the protocol of chat completions on loopback.

It answers as such servers do: a completion with choices and usage, or an error object with message,
type, param and code beside the status.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.serving import answering

KEY = "sk-test-1234"
MODEL = "small"


def completion(content: Any, finish_reason: str = "stop") -> dict[str, Any]:
    """Return what a server says when all is well."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_780_000_000,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content},
                "finish_reason": finish_reason,
            }
        ],
        "usage": {"prompt_tokens": 90, "completion_tokens": 30, "total_tokens": 120},
    }


def fault(message: str, kind: str, code: str | None = None) -> dict[str, Any]:
    """Return what a server says when something is wrong."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@dataclass
class ChatApi:
    """What the server says next, and what it was asked.

    Attributes:
        said: content of the next answers.
        reply: status, headers and body of every answer instead; bytes go out as they are.
        stalls: whether it takes the request and says nothing.
    """

    url: str = ""
    said: str = '{"proposals": ["Spring is here", "Soap for spring", "A clean start"]}'
    reply: tuple[int, dict[str, str], dict[str, Any] | bytes] | None = None
    stalls: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def answer(
        self, path: str, login: str, body: dict[str, Any]
    ) -> tuple[int, dict[str, str], dict[str, Any] | bytes]:
        self.asked.append(body)
        if self.reply is not None:
            return self.reply
        if path != "/v1/chat/completions":
            return 404, {}, fault("Unknown request URL", "invalid_request_error", "unknown_url")
        if login != f"Bearer {KEY}":
            words = "Incorrect API key provided: sk-***"
            return 401, {}, fault(words, "invalid_request_error", "invalid_api_key")
        if body.get("model") != MODEL:
            words = "The model does not exist"
            return 404, {}, fault(words, "invalid_request_error", "model_not_found")
        return 200, {}, completion(self.said)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        api: ChatApi = self.server.api  # type: ignore[attr-defined] # set below
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, more, said = api.answer(self.path, self.headers.get("Authorization", ""), body)
        if api.stalls:
            api.released.wait(30)
            self.close_connection = True
            return
        packed = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        named = {"Content-Type": "application/json", "Content-Length": str(len(packed)), **more}
        for name, value in named.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(packed)

    def log_message(self, *args: object) -> None:
        """Keep the test's output quiet."""


@contextmanager
def serve_chat() -> Iterator[ChatApi]:
    """Serve until the block ends."""
    api = ChatApi()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.api = api  # type: ignore[attr-defined] # what its handler asks
    api.url = f"http://127.0.0.1:{server.server_port}/v1"
    with answering(server):
        try:
            yield api
        finally:
            api.released.set()
