"""A stand-in for Adobe: the tokens of an OAuth credential, and the registrations of a workspace."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from stores.platforms.magento import adobe
from tests.support.serving import answering

PLACE = "/events/1001/2002/3003/registrations"
CREDENTIALS = {
    "adobe_workspace": "https://developer.adobe.com/console/projects/1001/2002/workspaces/3003/details",
    "adobe_client_id": "adobe-client-1",
    "adobe_client_secret": "p8e-secret",
}
TOKEN = "ims-token"


class AdobeIo(ThreadingHTTPServer):
    """Holds what one workspace knows.

    Attributes:
        providers: of the organization.
        registrations: by their id.
        fails: answers to give first: status, headers and body.
        asked: method and path of every request.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.providers = [
            {"id": "p-soap", "label": "Soap shop", "provider_metadata": "dx_commerce_events"},
            {"id": "p-files", "label": "Files", "provider_metadata": "dx_files"},
        ]
        self.registrations: dict[str, dict[str, Any]] = {}
        self.fails: list[tuple[int, dict[str, str], Any]] = []
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def sent_to(self, address: str) -> list[str]:
        """Return the codes of the events that are sent to an address."""
        return [
            event["event_code"]
            for each in self.registrations.values()
            if each["webhook_url"] == address and each["enabled"]
            for event in each["events_of_interest"]
        ]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: AdobeIo

    def do_GET(self) -> None:
        self._answer({})

    def do_DELETE(self) -> None:
        self._answer({})

    def do_PUT(self) -> None:
        self._answer(json.loads(self._body()))

    def do_POST(self) -> None:
        if self.path == "/ims/token/v3":
            given = parse_qs(self._body().decode())
            if given["client_secret"] != [CREDENTIALS["adobe_client_secret"]]:
                said = {"error": "invalid_client", "error_description": "invalid client secret"}
                self._send(400, {}, said)
            else:
                self._send(200, {}, {"access_token": TOKEN, "expires_in": 86399})
            return
        self._answer(json.loads(self._body()))

    def _answer(self, told: dict[str, Any]) -> None:
        shop = self.server
        shop.asked.append((self.command, self.path))
        if shop.fails:
            self._send(*shop.fails.pop(0))
        elif self.headers["Authorization"] != f"Bearer {TOKEN}" or not self.headers["x-api-key"]:
            self._send(401, {}, {"error_code": "401013", "message": "Oauth token is not valid"})
        elif self.path == "/events/1001/providers":
            self._send(200, {}, {"_embedded": {"providers": shop.providers}})
        elif self.path == PLACE and self.command == "GET":
            self._send(200, {}, {"_embedded": {"registrations": [*shop.registrations.values()]}})
        elif self.path == PLACE:
            number = f"r-{len(shop.registrations) + 1}"
            shop.registrations[number] = {"registration_id": number, "enabled": True, **told}
            self._send(201, {}, shop.registrations[number])
        elif (number := self.path.removeprefix(f"{PLACE}/")) not in shop.registrations:
            self._send(404, {}, {"message": "Not found"})
        elif self.command == "DELETE":
            del shop.registrations[number]
            self._send(204, {}, b"")
        else:
            shop.registrations[number] |= told
            self._send(200, {}, shop.registrations[number])

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _send(self, status: int, headers: dict[str, str], content: Any) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def adobe_io(monkeypatch: pytest.MonkeyPatch) -> Iterator[AdobeIo]:
    """Return a running stand-in that Patron takes for Adobe."""
    server = AdobeIo()
    monkeypatch.setattr(adobe, "TOKEN_HOST", server.url)
    monkeypatch.setattr(adobe, "EVENTS_HOST", server.url)
    with answering(server):
        yield server
