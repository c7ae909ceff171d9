"""The tracking edge: whose it is, what is wrong with it, file it, acknowledge.

A hot edge (`kernel/edges.py`) that speaks Segment's format, so that its clients and those of
RudderStack work when only the host is changed. They look at the status: 200 is taken, 400 and 413
are given up, 429 and 5xx are repeated. So a batch of which anything is taken is answered with 200
and says of each call what became of it; one of which nothing is taken never is.
"""

import base64
import binascii
import json
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings

from kernel.edges import BodyTooLarge, EdgeAnswer, EdgeRequest
from kernel.rates import Rate
from stores.choices import Refusal
from stores.domain import calls
from stores.domain.calls import Item, Refused
from stores.services.filing import count_refusal, file_call
from stores.services.site_checks import note_answer
from stores.services.write_keys import find_key
from stores.types import WriteKey

PREFIX = "/v1/"
KEPT_HEADERS = ("user-agent", "origin")
MAX_KEPT = 300
GZIP_MAGIC = b"\x1f\x8b"
UNPACK_GZIP = 16 + zlib.MAX_WBITS
PREFLIGHT_SECONDS = "86400"
RETRY_SECONDS = "1"
CHECK = "check"
SOURCE = "sourceConfig"
ASKED = ("projects/", SOURCE)
"""What browser clients ask before they send anything."""
MAX_ASKED = 1_000
MAX_CHECK = 4 * 1024

_CORS = (("Access-Control-Allow-Origin", "*"),)
_JSON = (("Content-Type", "application/json"), *_CORS)
_PICTURE = (("Content-Type", "image/gif"), ("Cache-Control", "no-store"), *_CORS)
_PROBLEM = (("Content-Type", "application/problem+json"), *_CORS)
_PREFLIGHT = (
    *_CORS,
    ("Access-Control-Allow-Methods", "POST, GET, OPTIONS"),
    ("Access-Control-Max-Age", PREFLIGHT_SECONDS),
    ("Vary", "Access-Control-Request-Headers"),
)
_ALLOWED = "Authorization, Content-Type, Content-Encoding, AnonymousId"
_NAMES = re.compile(r"[A-Za-z0-9-]+(, ?[A-Za-z0-9-]+)*")
"""Headers that a browser asks for: clients for browsers think up ever more of their own, such as
RudderStack's SentAt. None of them is read, and no cookie is sent along."""


def _problem(status: HTTPStatus, code: str, detail: str, *headers: tuple[str, str]) -> EdgeAnswer:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "success": False,
        "code": code,
        "detail": detail,
        "fields": {},
    }
    return EdgeAnswer(status, (*_PROBLEM, *headers), json.dumps(body).encode())


_TAKEN = EdgeAnswer(HTTPStatus.OK, _JSON, b'{"success": true}')
_NO_CALL = _problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such call.")
_NO_KEY = _problem(HTTPStatus.UNAUTHORIZED, "unauthorized", "A valid write key (wk_…) is needed.")
_NOT_ALLOWED = _problem(
    HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", "Use POST.", ("Allow", "POST, OPTIONS")
)


_DOT = EdgeAnswer(
    HTTPStatus.OK,
    _PICTURE,
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;",
)
"""One transparent dot: what a page that may not send anything else asks for."""
_RATE = Rate(settings.TRACKING_RATE_PER_SECOND)


class _Turned(Exception):
    """A request that is turned away.

    Attributes:
        counted: how its merchant sees it; None where it is nobody's.
    """

    def __init__(
        self, status: HTTPStatus, code: str, detail: str, counted: Refusal | None = None
    ) -> None:
        super().__init__(detail)
        self.answer = _problem(status, code, detail)
        self.counted = counted


def receive_tracking(request: EdgeRequest) -> EdgeAnswer:
    """Answer 200 once the calls are committed, and say what is wrong otherwise."""
    name = request.path.removeprefix(PREFIX).rstrip("/")
    match request.method:
        case "OPTIONS":
            return _allow(request)
        case "POST" | "GET" if name == CHECK or name.startswith(ASKED):
            return _note_check(request) if name == CHECK else _answer_client(request, name)
        case "POST" if name in calls.CALLS:
            return _receive(request, calls.CALLS[name])
        case _ if name in calls.CALLS:
            return _NOT_ALLOWED
        case _:
            return _NO_CALL


def _allow(request: EdgeRequest) -> EdgeAnswer:
    """Let a browser send the headers that it asks for."""
    asked = (request.headers.get("Access-Control-Request-Headers") or "")[:MAX_ASKED]
    names = asked if _NAMES.fullmatch(asked) else _ALLOWED
    allowed = ("Access-Control-Allow-Headers", names)
    return EdgeAnswer(HTTPStatus.NO_CONTENT, (*_PREFLIGHT, allowed))


def _receive(request: EdgeRequest, call: str) -> EdgeAnswer:
    shown = _read_basic(request)
    try:
        body = _read_body(request)
        payload = _parse(body)
    except _Turned as turned:
        return _refuse(find_key(shown) if shown and turned.counted else None, turned)
    secret = shown or calls.find_write_key(payload)
    key = find_key(secret)
    if key is None:
        return _NO_KEY
    if refused := _RATE.take(secret):
        return _slow_down(key, refused)
    items = calls.read_items(payload, call, len(body))
    try:
        _check(items)
    except _Turned as turned:
        return _refuse(key, turned, items if call not in calls.SINGLE else ())
    _file(request, key, call, body, items)
    return _TAKEN if call in calls.SINGLE else _tell(HTTPStatus.OK, items)


def _slow_down(key: WriteKey, refused: int) -> EdgeAnswer:
    """Refuse what a key sends beyond its rate; of a second only the first is counted."""
    if refused == 1:
        count_refusal(key, Refusal.TRACKING_RATE)
    limit = f"{settings.TRACKING_RATE_PER_SECOND:,}"
    text = f"A key may send {limit} requests a second. Nothing was taken; repeat it."
    status = HTTPStatus.TOO_MANY_REQUESTS
    return _problem(status, "too_many_requests", text, ("Retry-After", RETRY_SECONDS))


def _note_check(request: EdgeRequest) -> EdgeAnswer:
    """Keep what a script answers to the install page, by a call or by asking for a picture."""
    try:
        if request.method == "GET":
            told: Any = dict(parse_qsl(str(request.environ.get("QUERY_STRING", ""))))
        else:
            told = _parse(request.read_body(MAX_CHECK))
    except (_Turned, BodyTooLarge, ValueError):
        return _NO_CALL
    if not note_answer(told):
        return _NO_CALL
    return _DOT if request.method == "GET" else _TAKEN


def _file(
    request: EdgeRequest, key: WriteKey, call: str, body: bytes, items: Sequence[Item]
) -> None:
    kept = {name: (request.headers.get(name) or "")[:MAX_KEPT] for name in KEPT_HEADERS}
    message_id = None
    if calls.have_message_ids(items):
        message_id = items[0].message_id if call in calls.SINGLE else ""
    headers = {name: value for name, value in kept.items() if value}
    file_call(key, call, body, headers=headers, message_id=message_id)
    if any(item.refused for item in items):
        count_refusal(key, _counted(items))


def _check(items: Sequence[Item]) -> None:
    """Refuse a request of which nothing can be taken."""
    if not items:
        text = "batch is a list of at least one call."
        raise _Turned(HTTPStatus.BAD_REQUEST, "empty_batch", text, Refusal.TRACKING_FORMAT)
    if len(items) > calls.MAX_ITEMS:
        text = f"A batch has at most {calls.MAX_ITEMS:,} calls. Nothing of it was taken."
        raise _Turned(HTTPStatus.BAD_REQUEST, "too_many_events", text, Refusal.TRACKING_SIZE)
    first = items[0].refused
    if first is not None and all(item.refused for item in items):
        is_large = first is calls.TOO_LARGE
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if is_large else HTTPStatus.BAD_REQUEST
        raise _Turned(status, first.code, first.detail, _counted(items))


def _counted(items: Sequence[Item]) -> Refusal:
    is_large = any(item.refused is calls.TOO_LARGE for item in items)
    return Refusal.TRACKING_SIZE if is_large else Refusal.TRACKING_FORMAT


def _refuse(key: WriteKey | None, turned: _Turned, items: Sequence[Item] = ()) -> EdgeAnswer:
    if key is not None and turned.counted is not None:
        count_refusal(key, turned.counted)
    if len(items) > calls.MAX_ITEMS or not items:
        return turned.answer
    return _tell(turned.answer.status, items)


def _read_body(request: EdgeRequest) -> bytes:
    try:
        body = request.read_body(calls.MAX_BATCH)
    except BodyTooLarge:
        raise _too_large() from None
    if request.headers.get("Content-Encoding", "") != "gzip" and body[:2] != GZIP_MAGIC:
        return body
    unpacker = zlib.decompressobj(UNPACK_GZIP)
    try:
        body = unpacker.decompress(body, calls.MAX_BATCH + 1)
    except zlib.error:
        text = "The body is said to be gzip and is not."
        raise _Turned(HTTPStatus.BAD_REQUEST, "invalid_gzip", text) from None
    if len(body) > calls.MAX_BATCH:
        raise _too_large()
    if not unpacker.eof:
        raise _Turned(HTTPStatus.BAD_REQUEST, "invalid_gzip", "The gzip body is cut off.")
    return body


def _too_large() -> _Turned:
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    text = "A body has at most 500 KB. Nothing of it was taken."
    return _Turned(status, "body_too_large", text, Refusal.TRACKING_SIZE)


def _parse(body: bytes) -> dict[str, Any]:
    """Read JSON, whatever the sender calls it: beacons say text/plain, some clients a form."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        text = "The body is not valid JSON."
        raise _Turned(HTTPStatus.BAD_REQUEST, "invalid_json", text) from None
    if not isinstance(payload, dict):
        raise _Turned(HTTPStatus.BAD_REQUEST, "invalid_json", "The body is not a JSON object.")
    return payload


def _read_basic(request: EdgeRequest) -> str:
    """Return the user name of Basic authentication; empty without one."""
    scheme, _, encoded = (request.headers.get("Authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded).decode("utf-8", "replace").partition(":")[0].strip()
    except (binascii.Error, ValueError):
        return ""


def _tell(status: HTTPStatus, items: Sequence[Item]) -> EdgeAnswer:
    """Say of each call of a batch what became of it."""
    counts = Counter("rejected" if item.refused else "accepted" for item in items)
    body = {
        "success": not counts["rejected"],
        "accepted": counts["accepted"],
        "rejected": counts["rejected"],
        "results": [_outcome(item) for item in items],
    }
    return EdgeAnswer(status, _JSON, json.dumps(body).encode())


def _outcome(item: Item) -> dict[str, str]:
    refused: Refused | None = item.refused
    if refused is None:
        status = "duplicate" if item.is_repeated else "accepted"
        return {"messageId": item.message_id, "status": status}
    told = {"status": "rejected", "code": refused.code, "detail": refused.detail}
    return {"messageId": item.message_id, **told}


def _answer_client(request: EdgeRequest, name: str) -> EdgeAnswer:
    if name != SOURCE:
        return _answer_settings(name.split("/"))
    return _answer_source(request) if request.method == "GET" else _NO_CALL


def _answer_settings(parts: Sequence[str]) -> EdgeAnswer:
    """Tell the browser client of Segment where to send, which it asks before it sends anything."""
    match parts:
        case ["projects", key, "settings"] if find_key(key) is not None:
            home = urlsplit(settings.PUBLIC_URL)
            host = {"apiKey": key, "apiHost": f"{home.netloc}/v1", "protocol": home.scheme}
            body = {"integrations": {"Segment.io": host}, "plan": {}}
            return EdgeAnswer(HTTPStatus.OK, _JSON, json.dumps(body).encode())
        case _:
            return _NO_CALL


def _answer_source(request: EdgeRequest) -> EdgeAnswer:
    """Tell the browser client of RudderStack what it asks its control plane before it starts."""
    told = dict(parse_qsl(str(request.environ.get("QUERY_STRING", ""))))
    key = find_key(_read_basic(request) or told.get("writeKey", ""))
    if key is None:
        return _NO_KEY
    silent = {"enabled": False}
    source = {
        "id": f"patron-{key.store_id}",
        "name": "Patron",
        "workspaceId": "patron",
        "enabled": True,
        "config": {"statsCollection": {"errors": silent, "metrics": silent}},
        "destinations": [],
    }
    return EdgeAnswer(HTTPStatus.OK, _JSON, json.dumps({"source": source}).encode())
