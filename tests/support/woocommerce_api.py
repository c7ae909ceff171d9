"""A stand-in for the REST API of a WooCommerce shop: paging, filters, OAuth, errors, a clock."""

import base64
import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from tests.support.serving import answering
from tests.support.woocommerce_writes import apply_batch, change_hooks, hide_secret

KEY, SECRET = "ck_1", "cs_1"
PREFIX = "/wp-json/wc/v3/"


class WooApi(ThreadingHTTPServer):
    """Holds what a shop knows.

    Attributes:
        fails: answers to give first: status, headers and body.
        asked: path and parameters of every request.
        before_answer: called before each answer, to change the shop meanwhile.
        made: what was really changed from outside.
        is_read_only: whether the key lacks the permission to write.
        loses_answers: whether nobody hears of what was changed.
        secret: of the key.
        refused_topics: of webhooks, those that it does not know.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, list[dict[str, Any]]] = {
            "products": [],
            "customers": [],
            "orders": [],
            "coupons": [],
            "webhooks": [],
        }
        self.nested: dict[str, list[dict[str, Any]]] = {}
        self.fails: list[tuple[int, dict[str, str], Any]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.before_answer: Any = None
        self.made: list[str] = []
        self.is_read_only = False
        self.loses_answers = False
        self.secret = SECRET
        self.refused_topics: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def select(self, path: str, params: dict[str, str]) -> list[dict[str, Any]]:
        """Return all objects that a request is about, in its order."""
        if path not in self.objects:
            return self.nested.get(path, [])
        found = list(self.objects[path])
        if after := params.get("modified_after"):
            found = [item for item in found if item["date_modified_gmt"] > after]
        if after := params.get("after"):
            found = [item for item in found if item["date_created_gmt"] > after]
        if before := params.get("before"):
            found = [item for item in found if item["date_created_gmt"] < before]
        if wanted := params.get("include"):
            found = [item for item in found if str(item["id"]) in wanted.split(",")]
        if code := params.get("code"):
            return [item for item in found if item["code"] == code.lower()]
        if path == "orders" and params.get("status", "any") == "any":
            found = [item for item in found if item.get("status") != "trash"]
        name = {
            "date": "date_created_gmt",
            "modified": "date_modified_gmt",
            "registered_date": "date_created_gmt",
        }.get(params.get("orderby", ""), "id")
        found.sort(key=lambda item: (item[name], item["id"]))
        return found[::-1] if params.get("order", "desc") == "desc" else found


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WooApi

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        params = dict(parse_qsl(split.query, keep_blank_values=True))
        path = split.path.removeprefix(PREFIX)
        self.server.asked.append((path, params))
        if self.server.before_answer:
            self.server.before_answer(path, params)
        if self.server.fails:
            self._send(*self.server.fails.pop(0))
        elif not self._is_signed(split.path, params):
            error = {"code": "woocommerce_rest_authentication_error"}
            self._send(401, {}, error | {"message": "Consumer key is invalid."})
        elif not split.path.startswith(PREFIX):
            self._send(404, {}, {"code": "rest_no_route", "message": "No route was found."})
        else:
            self._send_page(path, params)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        split = urlsplit(self.path)
        path, params = split.path.removeprefix(PREFIX), dict(parse_qsl(split.query))
        self.server.asked.append((path, params))
        if self.server.fails:
            self._send(*self.server.fails.pop(0))
        elif not self._is_signed(split.path, params):
            self._send(401, {}, {"message": "Consumer key is invalid."})
        elif self.server.is_read_only:
            said = "The API key provided does not have write permissions."
            self._send(401, {}, {"code": "woocommerce_rest_authentication_error", "message": said})
        elif path == "webhooks/batch":
            hooks = self.server.objects["webhooks"]
            self._send(200, {}, change_hooks(hooks, json.loads(body), self.server.refused_topics))
        else:
            found = apply_batch(self.server.objects, self.server.made, path, json.loads(body))
            if self.server.loses_answers:
                self.close_connection = True
                return
            self._send(200, {}, found)

    def _send_page(self, path: str, params: dict[str, str]) -> None:
        found = self.server.select(path, params)
        size = int(params.get("per_page", "10"))
        first = (int(params.get("page", "1")) - 1) * size
        headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(-(-len(found) // size))}
        page = found[first : first + size]
        if fields := params.get("_fields"):
            page = [
                {name: item[name] for name in fields.split(",") if name in item} for item in page
            ]
        if path == "webhooks":
            page = [hide_secret(hook) for hook in page]
        self._send(200, headers, page)

    def _is_signed(self, path: str, params: dict[str, str]) -> bool:
        given = params.get("oauth_signature", "")
        pairs = "&".join(
            f"{quote(name, safe='~')}={quote(value, safe='~')}"
            for name, value in sorted(params.items())
            if name != "oauth_signature"
        )
        base = f"{self.command}&{quote(self.server.url + path, safe='~')}&{quote(pairs, safe='~')}"
        digest = hmac.new(f"{self.server.secret}&".encode(), base.encode(), "sha256").digest()
        return (
            params.get("oauth_consumer_key") == KEY and given == base64.b64encode(digest).decode()
        )

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
def woo_api() -> Iterator[WooApi]:
    server = WooApi()
    with answering(server):
        yield server
