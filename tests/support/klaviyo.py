"""A stand-in for Klaviyo's API: JSON:API with cursors, a key, a revision, limits on the rate."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.support.serving import answering

KEY = "pk_private"
REVISION = "2026-10-15"


class Klaviyo(ThreadingHTTPServer):
    """Holds what an account knows.

    Attributes:
        members: ids of profiles by list.
        fails: answers to give first: status and headers.
        asked: path and parameters of every request.
        page_size: rows of a page at most, so that few rows make several pages.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.profiles: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.metrics: dict[str, str] = {}
        self.lists: dict[str, str] = {}
        self.members: dict[str, list[str]] = {}
        self.fails: list[tuple[int, dict[str, str]]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.page_size = 2

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add_person(self, name: str, **said: Any) -> str:
        """Add a profile known by an address; returns its id."""
        key = f"01{len(self.profiles):04}"
        attributes = {"email": f"{name}@example.com", **said}
        self.profiles.append({"type": "profile", "id": key, "attributes": attributes})
        return key

    def add_event(self, profile_id: str, name: str, at: str, **properties: Any) -> None:
        """Add an event of a profile."""
        metric = self.metrics.setdefault(name, f"M{len(self.metrics)}")
        self.events.append(
            {
                "type": "event",
                "id": f"E{len(self.events)}",
                "attributes": {
                    "datetime": at,
                    "uuid": f"u-{len(self.events)}",
                    "event_properties": properties,
                },
                "relationships": {
                    "metric": {"data": {"type": "metric", "id": metric}},
                    "profile": {"data": {"type": "profile", "id": profile_id}},
                },
            }
        )

    def select(self, path: str, params: dict[str, str]) -> list[dict[str, Any]] | None:
        """Return all objects that a request is about; None for an address that is not there."""
        parts = path.strip("/").split("/")
        found: list[dict[str, Any]] | None = None
        match parts:
            case ["api", "accounts"]:
                contact = {"organization_name": "Soap & Co"}
                found = [
                    {"type": "account", "id": "A", "attributes": {"contact_information": contact}}
                ]
            case ["api", "lists"]:
                found = [
                    {"type": "list", "id": key, "attributes": {"name": name}}
                    for key, name in self.lists.items()
                ]
            case ["api", "lists", key, "profiles"]:
                members = self.members.get(key, [])
                found = [each for each in self.profiles if each["id"] in members]
            case ["api", "profiles"]:
                has_consent = params.get("additional-fields[profile]") == "subscriptions"
                found = [_without_consent(each, has_consent) for each in self.profiles]
            case ["api", "events"]:
                _, _, since = params.get("filter", "").rstrip(")").partition(",")
                found = [each for each in self.events if each["attributes"]["datetime"] >= since]
            case _:
                pass
        return found

    def include(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return metrics and profiles of events, each once."""
        wanted = {each["relationships"][name]["data"]["id"]
                  for each in items for name in ("metric", "profile")}  # fmt: skip
        metrics = [
            {"type": "metric", "id": key, "attributes": {"name": name}}
            for name, key in self.metrics.items()
        ]
        return [each for each in (*metrics, *self.profiles) if each["id"] in wanted]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Klaviyo

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        params = dict(parse_qsl(split.query, keep_blank_values=True))
        self.server.asked.append((split.path, params))
        found = self.server.select(split.path, params)
        if self.server.fails:
            status, headers = self.server.fails.pop(0)
            self._send(status, headers, {"errors": [{"detail": "not now"}]})
        elif self.headers.get("Authorization") != f"Klaviyo-API-Key {KEY}":
            self._send(401, {}, {"errors": [{"code": "not_authenticated"}]})
        elif self.headers.get("revision") != REVISION or found is None:
            self._send(404, {}, {"errors": [{"code": "not_found"}]})
        else:
            self._send_page(split.path, params, found)

    def _send_page(self, path: str, params: dict[str, str], found: list[dict[str, Any]]) -> None:
        first = int(params.get("page[cursor]", "0"))
        size = min(int(params.get("page[size]", "20")), self.server.page_size)
        items = found[first : first + size]
        following = None
        if first + size < len(found):
            query = urlencode({**params, "page[cursor]": str(first + size)})
            following = f"{self.server.url}{path}?{query}"
        content: dict[str, Any] = {"data": items, "links": {"next": following}}
        if "include" in params:
            content["included"] = self.server.include(items)
        self._send(200, {}, content)

    def _send(self, status: int, headers: dict[str, str], content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep the test's output quiet."""


def email(consent: str, **more: Any) -> dict[str, Any]:
    """Return the subscriptions of a profile that has a word of e-mail alone."""
    return {"subscriptions": {"email": {"marketing": {"consent": consent, **more}}}}


def _without_consent(item: dict[str, Any], has_consent: bool) -> dict[str, Any]:
    if has_consent:
        return item
    said = {key: value for key, value in item["attributes"].items() if key != "subscriptions"}
    return {**item, "attributes": said}


@pytest.fixture
def klaviyo(settings: Any) -> Iterator[Klaviyo]:
    server = Klaviyo()
    settings.KLAVIYO_URL = server.url
    with answering(server):
        yield server
