"""The callback edge: providers tell here what became of messages, and what people answered.

A hot edge (`kernel/edges.py`): no middleware and no request transaction. The provider's module
checks who calls; what it told is committed before the answer, and applied afterwards.
"""

from email.errors import MessageError
from http import HTTPStatus
from urllib.parse import parse_qsl

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http.multipartparser import MultiPartParserError

from kernel.edges import BodyTooLarge, EdgeAnswer, EdgeRequest
from messaging.channels.base import (
    Account,
    CallbackAnswer,
    CallbackRequest,
    Provider,
    SignatureInvalid,
)
from messaging.channels.registry import find_provider
from messaging.services.callback_edge import count_refusal, file_events
from messaging.views.callback_accounts import find_account, renew_account

log = structlog.get_logger(__name__)

MAX_BODY = 10 * 1024 * 1024
"""A mail that came in brings its attachments."""
PATH_PARTS = 6
METHODS = ("POST", "GET", "HEAD")
BROKEN = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    MessageError,
    MultiPartParserError,
    SuspiciousOperation,
)
"""What reading a body raises that is none of its provider's."""


def receive_callback(request: EdgeRequest) -> EdgeAnswer:
    """Answer as the provider expects once what it told is committed; else say what is wrong."""
    parts = request.path.split("/")  # /hooks/{channel}/{provider}/{token}/
    if len(parts) != PATH_PARTS or parts[-1]:
        return EdgeAnswer(HTTPStatus.NOT_FOUND)
    channel, name, token = parts[2:5]
    provider = find_provider(channel, name)
    if provider is None or provider.read_callback is None:
        return EdgeAnswer(HTTPStatus.NOT_FOUND)
    if request.method not in METHODS:
        return EdgeAnswer(HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", ", ".join(METHODS)),))
    account = find_account(channel, name, token)
    if account is None:
        return EdgeAnswer(HTTPStatus.NOT_FOUND)
    return _receive(request, provider, account, token)


def _receive(request: EdgeRequest, provider: Provider, account: Account, token: str) -> EdgeAnswer:
    try:
        asked = _read_request(request)
        answer = _believe(provider, account, asked, token)
    except (BodyTooLarge, RequestDataTooBig):
        return _refuse(account, "too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except SignatureInvalid as exc:
        return _refuse(account, "signature", HTTPStatus.UNAUTHORIZED, str(exc))
    except BROKEN as exc:
        return _refuse(account, "unreadable", HTTPStatus.BAD_REQUEST, repr(exc))
    file_events(account, answer.events)
    headers = (("Content-Type", answer.content_type),)
    return EdgeAnswer(HTTPStatus(answer.status), headers, answer.body)


def _believe(
    provider: Provider, account: Account, asked: CallbackRequest, token: str
) -> CallbackAnswer:
    """Let the provider's module check and read a request, with fresh secrets where it refuses."""
    assert provider.read_callback is not None  # noqa: S101 for the type checker
    try:
        return provider.read_callback(account, asked)
    except SignatureInvalid:
        renewed = renew_account(account.channel, account.provider, token)
        if renewed is None or renewed == account:
            raise
        return provider.read_callback(renewed, asked)


def _read_request(request: EdgeRequest) -> CallbackRequest:
    query = str(request.environ.get("QUERY_STRING", ""))
    url = f"{settings.PUBLIC_URL}{request.path}"
    headers = {name: request.headers[name] for name in request.headers}
    for name in ("content-type", "content-length"):
        if request.headers.get(name):
            headers[name] = request.headers[name]
    return CallbackRequest(
        method=request.method,
        url=f"{url}?{query}" if query else url,
        headers=headers,
        query=dict(parse_qsl(query, keep_blank_values=True)),
        body=request.read_body(MAX_BODY) if request.method == "POST" else b"",
    )


def _refuse(account: Account, reason: str, status: HTTPStatus, words: str = "") -> EdgeAnswer:
    log.warning(
        "callback_refused",
        tenant=account.tenant_id,
        account=account.id,
        reason=reason,
        words=words[:200],
    )
    count_refusal(account, reason)
    return EdgeAnswer(status)
