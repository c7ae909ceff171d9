"""Stand-ins for providers of SMS and WhatsApp: a server on loopback with faults and a memory."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from tests.support.serving import answering

Api = TypeVar("Api", bound="PhoneApi")
Reply = tuple[int, dict[str, str], Any]
"""Status, headers and JSON body; a body of None sends none."""
LOST: Reply = (0, {}, None)
"""Among `fails`: the message is taken, and the connection ends before the answer."""


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def login(self) -> tuple[str, str]:
        """Name and password of Basic authentication; empty without."""
        kind, _, said = self.headers.get("authorization", "").partition(" ")
        if kind != "Basic":
            return "", ""
        name, _, password = base64.b64decode(said).decode().partition(":")
        return name, password


@dataclass
class PhoneApi:
    """What a provider knows; each vendor answers in its own words.

    Attributes:
        fails: answers to give first, `LOST` among them.
        asked: every request.
        taken: ids of messages that were taken, in order.
    """

    url: str = ""
    fails: list[Reply] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)

    def answer(self, asked: Asked) -> Reply:
        """Return what the provider answers when nothing fails."""
        raise NotImplementedError

    def reply(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if not self.fails:
            return self.answer(asked)
        fault = self.fails.pop(0)
        if fault == LOST:
            self.answer(asked)
        return fault


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers["Content-Length"])))

    def _serve(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        api: PhoneApi = self.server.api  # type: ignore[attr-defined] # set below
        status, more, said = api.reply(Asked(self.command, self.path, headers, body))
        if not status:
            self.close_connection = True
            return
        packed = b"" if said is None else json.dumps(said).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(packed)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(packed)

    def log_message(self, *args: object) -> None:
        """Keep the test's output quiet."""


@contextmanager
def serving(api: Api) -> Iterator[Api]:
    """Serve a provider until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.api = api  # type: ignore[attr-defined] # what its handler asks
    api.url = f"http://127.0.0.1:{server.server_port}"
    with answering(server):
        yield api
